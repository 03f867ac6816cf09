// Looks at /console in headless Chromium while a load sells seats; called by .ci/browser. Fails at the
// first thing that is not as it should be.
import assert from "node:assert/strict";
import { join } from "node:path";
import { expectNoOverflow, finish, visitsOf } from "./visit.mjs";

const { SCREENSHOTS } = process.env;
const visit = visitsOf("/console", "#requests details");

const figure = (page, name) =>
  page.locator("#figures .card", { hasText: name }).first().locator("b").textContent();
const seen = async (page) => Number((await page.locator("#state").textContent()).split(" ")[0]);

await visit("seats, sales and latency move by themselves", { width: 1200, height: 1400 }, async (page) => {
  const before = await seen(page);
  await page.waitForFunction((before) => parseInt(document.querySelector("#state").textContent) > before + 40, before);
  await page.waitForFunction(() => Number(document.querySelector("#figures .card b").textContent) > 0);
  assert.match(await figure(page, "latency, median"), /ms$/);
  assert.match(await page.locator("#events .card", { hasText: "Load" }).first().textContent(), /\d+ left/);
  assert.match(await page.locator("#busy .card", { hasText: "reserve-seats" }).textContent(), /\d+ \/ 2/);
  await page.screenshot({ path: join(SCREENSHOTS, "console-desktop.png"), fullPage: false });
});

await visit("a request is opened by keyboard, and stays open while others come", { width: 1200, height: 900 }, async (page) => {
  const row = page.locator("#requests summary").first();
  await row.focus();
  await page.keyboard.press("Enter");
  const line = JSON.parse(await page.locator("#requests details[open] pre").textContent());
  assert(line.request_id && line.operation && "calls" in line, JSON.stringify(line));
  const before = await seen(page);
  await page.waitForFunction((before) => parseInt(document.querySelector("#state").textContent) > before + 20, before);
  const still = JSON.parse(await page.locator("#requests details[open] pre").textContent());
  assert.equal(still.request_id, line.request_id);
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "SUMMARY");
});

await visit("fits a phone", { width: 390, height: 844 }, async (page) => {
  await page.locator("#requests summary").first().click();
  await expectNoOverflow(page, "with a request opened");
  await page.screenshot({ path: join(SCREENSHOTS, "console-mobile.png") });
});

await finish("console");
