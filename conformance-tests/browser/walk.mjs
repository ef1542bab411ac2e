// Walks Debian's Chromium through pages by clicking. README.md says how the browser gets its card.
//
//   node walk.mjs [--no-script] --home HOME --out DIR STEP...
//
// Steps, in order; each prints one line of JSON, the first that fails ends the walk with exit status 1:
//   goto=URL          open the address
//   click=SELECTOR    click, then wait until the page that follows has loaded
//   press=SELECTOR    click without waiting (the handshake may hang)
//   fill=SELECTOR=TEXT
//   arrive=PREFIX     wait until the address begins so
//   text=SELECTOR     print the element's text
//   shot=NAME         screenshot to DIR/NAME.png, also while a navigation hangs
//   axe=NAME          accessibility check; violations to DIR/NAME.axe.json and as failure (not with --no-script)
//   back              the history's previous page
//   pause=MS          last resort
//   card=P12,NICK     take every other card out of the reader and put this one in (password "card")
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const TIMEOUT_MS = 15_000;

const flag = (name) => {
  const at = process.argv.indexOf(`--${name}`);
  if (at >= 0) process.argv.splice(at, 1);
  return at >= 0;
};
const option = (name) => {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) throw new Error(`--${name} is missing`);
  return process.argv.splice(at, 2)[1];
};

const insertCard = (home, p12, nick) => {
  const db = `sql:${join(home, '.pki/nssdb')}`;
  for (const line of execFileSync('certutil', ['-d', db, '-L'], { encoding: 'utf8' }).split('\n')) {
    const other = /^(.*?)\s+u,u,u\s*$/.exec(line);
    if (other) execFileSync('certutil', ['-d', db, '-F', '-n', other[1]]);
  }
  execFileSync('pk12util', ['-d', db, '-i', p12, '-n', nick, '-W', 'card', '-K', ''], { stdio: 'ignore' });
};

const steps = (page, devtools, home, out) => ({
  goto: async (url) => ({ status: (await page.goto(url)).status() }),
  click: async (selector) => {
    await page.click(selector);
    await page.waitForLoadState('load');
  },
  press: (selector) => page.click(selector, { noWaitAfter: true }),
  fill: (argument) => {
    const at = argument.lastIndexOf('=');
    return page.fill(argument.slice(0, at), argument.slice(at + 1));
  },
  arrive: (prefix) => page.waitForURL((url) => url.href.startsWith(prefix)),
  text: async (selector) => ({ text: await page.textContent(selector) }),
  shot: async (name) => {
    // Not page.screenshot(): that waits for a hanging navigation to end, and the waiting page is what we want to see.
    const { data } = await devtools.send('Page.captureScreenshot', { captureBeyondViewport: true });
    writeFileSync(join(out, `${name}.png`), Buffer.from(data, 'base64'));
  },
  axe: async (name) => {
    if (scriptless) throw new Error('axe is a script itself: walk again without --no-script');
    // Evaluated from outside the page, so the page's content security policy stays as it is.
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
    writeFileSync(join(out, `${name}.axe.json`), JSON.stringify(violations, null, 1));
    if (violations.length > 0) throw new Error(`axe: ${violations.map((found) => found.id).join(', ')}`);
  },
  back: () => page.goBack().then(() => undefined),
  pause: (ms) => page.waitForTimeout(Number(ms)),
  card: async (argument) => insertCard(home, ...argument.split(',')),
});

const scriptless = flag('no-script');
const home = option('home');
const out = option('out');
mkdirSync(out, { recursive: true });
const browser = await chromium.launchPersistentContext(mkdtempSync(join(home, 'profile-')), {
  executablePath: '/usr/bin/chromium', headless: true, args: FLAGS, locale: 'ja-JP',
  javaScriptEnabled: !scriptless,
  env: { ...process.env, HOME: home },
});
browser.setDefaultTimeout(TIMEOUT_MS);
const page = await browser.newPage();
const walk = steps(page, await browser.newCDPSession(page), home, out);
for (const step of process.argv.slice(2)) {
  const at = step.indexOf('=');
  const [verb, argument] = at < 0 ? [step, ''] : [step.slice(0, at), step.slice(at + 1)];
  try {
    if (!walk[verb]) throw new Error('no such step');
    const seen = await walk[verb](argument);
    console.log(JSON.stringify({ step, at: page.url(), ...(seen ?? {}) }));
  } catch (error) {
    console.log(JSON.stringify({ step, at: page.url(), failed: error.message.split('\n')[0] }));
    process.exitCode = 1;
    break;
  }
}
// close() waits for a hanging handshake; nobody else does.
await Promise.race([browser.close(), new Promise((done) => setTimeout(done, 3_000))]);
process.exit();
