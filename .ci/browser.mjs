// Drives /docs in headless Chromium as its readers do; called by .ci/browser. Fails at the first
// thing that is not as it should be.
import assert from "node:assert/strict";
import { join } from "node:path";
import { expectNoOverflow, finish, visitsOf } from "./visit.mjs";

const { SCREENSHOTS, TICKETBOSS_KEY, TICKETBOSS_URL } = process.env;

const contract = await (await fetch(`${TICKETBOSS_URL}/docs.json`)).json();
const operations = Object.values(contract.paths).flatMap((path) => Object.values(path));
const blockOf = (operation) => `operations-${operation.tags[0]}-${operation.operationId}`;

const reserve = "#operations-Reservations-reserveSeats";
const summary = `${reserve} .opblock-summary-control`;
const authorize = ".auth-wrapper > .btn.authorize";
const keyField = ".modal-ux input";
const takeKey = ".modal-ux .btn.authorize";
const execute = `${reserve} .btn.execute`;
const answer = `${reserve} .live-responses-table`;

const visit = visitsOf("/docs", summary);

async function screenshot(page, name, from = "body") {
  await page.locator(from).first().evaluate((element) => element.scrollIntoView());
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), animations: "disabled" });
}

async function authorizeByMouse(page) {
  await page.locator(authorize).click();
  await page.locator(keyField).fill(TICKETBOSS_KEY);
  await page.locator(takeKey).click();
  await page.getByRole("button", { name: "Close" }).click();
}

// What the page shows of the answer must be a sale, and one that the API knows of.
async function expectSale(page) {
  const status = page.locator(`${answer} tbody .response-col_status`).first();
  await status.waitFor();
  assert.equal((await status.innerText()).split("\n")[0], "201");
  const body = await page.locator(`${answer} pre code`).first().innerText();
  const { reservationId } = JSON.parse(body);
  const shown = await fetch(`${TICKETBOSS_URL}/reservations/${reservationId}`, {
    headers: { Authorization: `Bearer ${TICKETBOSS_KEY}` },
  });
  assert.equal(shown.status, 200, reservationId);
}

// Presses Tab until the element has the focus, and sees to it that one can see so.
async function tabTo(page, selector) {
  for (let presses = 0; presses < 150; presses += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate((wanted) => {
      const { activeElement } = document;
      if (!activeElement.matches(wanted)) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
      return outlineStyle !== "none" && outlineWidth !== "0px";
    }, selector);
    if (focused !== null) return assert(focused, `${selector} does not show that it has the focus`);
  }
  assert.fail(`${selector} is out of the keyboard's reach`);
}

const desktop = { width: 1280, height: 1600 };
const phone = { width: 390, height: 844 };

await visit(`shows all ${operations.length} operations`, desktop, async (page) => {
  const blocks = await page.locator(".opblock").evaluateAll((all) => all.map((one) => one.id));
  assert.deepEqual(blocks.sort(), operations.map(blockOf).sort());
  await screenshot(page, "docs-desktop-top");
});

await visit("sells seats with the mouse", desktop, async (page) => {
  await authorizeByMouse(page);
  await page.locator(summary).click();
  await page.locator(execute).click();
  await expectSale(page);
  await screenshot(page, "docs-desktop", reserve);
});

await visit("sells seats with the keyboard alone", desktop, async (page) => {
  await tabTo(page, authorize);
  await page.keyboard.press("Enter");
  await tabTo(page, keyField);
  await page.keyboard.type(TICKETBOSS_KEY);
  await tabTo(page, takeKey);
  await page.keyboard.press("Enter");
  await tabTo(page, ".modal-ux .btn-done");
  await page.keyboard.press("Enter");
  await tabTo(page, summary);
  await page.keyboard.press("Enter");
  // Nobody's fingers are as fast as this: the page first opens, and fills in an example.
  const isFilledIn = (selector) => document.querySelector(selector)?.value;
  await page.waitForFunction(isFilledIn, `${reserve} textarea`);
  await tabTo(page, execute);
  await page.keyboard.press("Enter");
  await expectSale(page);
});

await visit("fits a phone, all of it opened", phone, async (page) => {
  await expectNoOverflow(page, "closed");
  await screenshot(page, "docs-mobile-top");
  await authorizeByMouse(page);
  await page.locator(summary).click();
  await page.locator(execute).click();
  await expectSale(page);
  await expectNoOverflow(page, "with an answer");
  await screenshot(page, "docs-mobile", reserve);
  await screenshot(page, "docs-mobile-answer", answer);
  for (const block of operations.map(blockOf)) {
    if (`#${block}` !== reserve) await page.locator(`#${block} .opblock-summary-control`).click();
    await page.locator(`#${block}.is-open .responses-table`).first().waitFor();
    await expectNoOverflow(page, block);
  }
});

await finish("browser");
