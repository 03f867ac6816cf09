// Visits to a page of the local stack in headless Chromium, for .ci/browser.mjs and .ci/console.mjs.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { PLAYWRIGHT, TICKETBOSS_KEY, TICKETBOSS_URL } = process.env;
const { chromium } = createRequire(import.meta.url)(PLAYWRIGHT);

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
console.log(`Chromium ${browser.version()}`);
let passed = 0;

// Visits to the page at this path, which is there once `ready` is; each with a browser that knows
// nothing yet. None may end with a complaint, a request elsewhere or a key that is kept.
export const visitsOf = (path, ready) => async (what, viewport, body) => {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => complaints.push(`no answer from ${request.url()}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== TICKETBOSS_URL && protocol !== "data:") complaints.push(`asks ${origin}`);
  });
  await page.goto(`${TICKETBOSS_URL}${path}`);
  await page.locator(ready).first().waitFor();
  await body(page);
  assert.deepEqual(complaints, [], what);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert(!kept.includes(TICKETBOSS_KEY), "the key is kept after the visit");
  await context.close();
  passed += 1;
  console.log(`ok: ${what}`);
};

export async function expectNoOverflow(page, what) {
  const [wide, screen] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    window.innerWidth,
  ]);
  assert(wide <= screen, `${what}: ${wide} pixels on a screen of ${screen}`);
}

export async function finish(name) {
  await browser.close();
  console.log(`\n${name}: ${passed} passed, 0 failed`);
}
