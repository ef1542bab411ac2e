// Walks Debian's Chromium through pages by clicking. README.md says how the browser gets its card.
//
//   node walk.mjs [--no-script] [--language TAG] --home HOME --out DIR STEP...
//
// Steps, in order; each prints one line of JSON, the first that fails ends the walk with exit status 1. The last line says
// what the console complained about and how often the certificate door was visited.
//   goto=URL          open the address
//   click=SELECTOR    click, then wait until the page that follows has loaded
//   press=SELECTOR    click without waiting (the handshake may hang)
//   breaks=SELECTOR   click; the browser's own error page must follow
//   tab-to=SELECTOR   press Tab until the element has the focus, and shows it
//   key=NAME          press a key, then wait until the page that follows has loaded
//   fill=SELECTOR=TEXT
//   attach=SELECTOR=FILE  choose a file
//   press-key=NAME    press a key; nothing follows
//   arrive=PREFIX     wait until the address begins so
//   text=SELECTOR     print the element's text
//   shot=NAME         screenshot to DIR/NAME.png, also while a navigation hangs
//   axe=NAME          accessibility check; violations to DIR/NAME.axe.json and as failure (not with --no-script)
//   look=NAME         at 360 and 1280 px: screenshot, axe, and nothing wider than the window
//   back              the history's previous page
//   forget            drop every cookie
//   pause=MS          last resort
//   card=P12,NICK     take every other card out of the reader and put this one in (password "card")
//   hold=PORT,COUNT   open so many connections to a port of this machine and say nothing on them
//   release           close them
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const TIMEOUT_MS = 30_000;
const WIDTHS = [360, 1280];

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

const held = [];

const steps = (page, devtools, home, out) => {
  const shot = async (name) => {
    // Not page.screenshot(): that waits for a hanging navigation to end, and the page before it is what we want to see.
    const { cssContentSize: { width, height } } = await devtools.send('Page.getLayoutMetrics');
    const clip = { x: 0, y: 0, width, height, scale: 1 };
    const { data } = await devtools.send('Page.captureScreenshot', { captureBeyondViewport: true, clip });
    writeFileSync(join(out, `${name}.png`), Buffer.from(data, 'base64'));
  };
  const axe = async (name) => {
    if (scriptless) throw new Error('axe is a script itself: walk again without --no-script');
    // Evaluated from outside the page, so the page's content security policy stays as it is.
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
    writeFileSync(join(out, `${name}.axe.json`), JSON.stringify(violations, null, 1));
    if (violations.length > 0) throw new Error(`axe: ${violations.map((found) => found.id).join(', ')}`);
  };
  // Headless Chromium never has the operating system's focus, and draws focus rings all the same.
  const focus = (selector) => page.evaluate((wanted) => {
    const at = document.activeElement;
    const { outlineStyle, boxShadow } = globalThis.getComputedStyle(at);
    return { there: at.matches(wanted), seen: outlineStyle !== 'none' || boxShadow !== 'none' };
  }, selector);
  return {
    goto: async (url) => ({ status: (await page.goto(url)).status() }),
    click: async (selector) => {
      await Promise.all([page.waitForEvent('load'), page.click(selector)]);
    },
    press: (selector) => page.click(selector, { noWaitAfter: true }),
    breaks: async (selector) => {
      const failed = page.waitForEvent('requestfailed', (request) => request.isNavigationRequest());
      const before = (await devtools.send('Page.getNavigationHistory')).currentIndex;
      await page.click(selector, { noWaitAfter: true });
      const request = await failed;
      // Only when the error page is in the history does Back leave it.
      const arrived = () => devtools.send('Page.getNavigationHistory').then(({ currentIndex }) => currentIndex !== before, () => false);
      while (!(await arrived())) await page.waitForTimeout(20);
      return { broke: request.failure().errorText };
    },
    'tab-to': async (selector) => {
      for (let count = 1; count <= 60; count += 1) {
        await page.keyboard.press('Tab');
        const { there, seen } = await focus(selector);
        if (there && !seen) throw new Error('the focus cannot be seen');
        if (there) return { tabs: count };
      }
      throw new Error('the keyboard does not get there');
    },
    key: async (name) => {
      await Promise.all([page.waitForEvent('load'), page.keyboard.press(name)]);
    },
    fill: (argument) => {
      const at = argument.lastIndexOf('=');
      return page.fill(argument.slice(0, at), argument.slice(at + 1));
    },
    attach: (argument) => {
      const at = argument.lastIndexOf('=');
      return page.setInputFiles(argument.slice(0, at), argument.slice(at + 1));
    },
    'press-key': (name) => page.keyboard.press(name),
    arrive: (prefix) => page.waitForURL((url) => url.href.startsWith(prefix)),
    text: async (selector) => ({ text: await page.textContent(selector) }),
    shot,
    axe,
    look: async (name) => {
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        await shot(`${name}-${width}`);
        if (scriptless) continue;
        await axe(`${name}-${width}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide > width) throw new Error(`${wide} px wide in a window of ${width} px`);
      }
      return { title: await page.title() };
    },
    back: () => page.goBack().then(() => undefined),
    forget: () => page.context().clearCookies(),
    pause: (ms) => page.waitForTimeout(Number(ms)),
    card: async (argument) => insertCard(home, ...argument.split(',')),
    hold: async (argument) => {
      const [port, count] = argument.split(',').map(Number);
      for (let at = 0; at < count; at += 1) {
        await new Promise((done, failed) => {
          const socket = connect(port, '127.0.0.1', done);
          socket.on('error', failed);
          held.push(socket);
        });
      }
    },
    release: async () => held.splice(0).forEach((socket) => socket.destroy()),
  };
};

const scriptless = flag('no-script');
const home = option('home');
const out = option('out');
const language = process.argv.includes('--language') ? option('language') : 'ja-JP';
mkdirSync(out, { recursive: true });
const browser = await chromium.launchPersistentContext(mkdtempSync(join(home, 'profile-')), {
  executablePath: '/usr/bin/chromium', headless: true, args: FLAGS, locale: language,
  javaScriptEnabled: !scriptless,
  env: { ...process.env, HOME: home },
});
browser.setDefaultTimeout(TIMEOUT_MS);
const page = await browser.newPage();
const complaints = [];
let doorVisits = 0;
page.on('console', (message) => {
  if (['error', 'warning'].includes(message.type())) {
    complaints.push({ type: message.type(), text: message.text(), url: message.location().url });
  }
});
page.on('pageerror', (error) => complaints.push({ type: 'exception', text: String(error), url: page.url() }));
page.on('request', (request) => {
  if (request.isNavigationRequest() && /\.card(12)?\./.test(new URL(request.url()).hostname)) doorVisits += 1;
});
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
console.log(JSON.stringify({ complaints, doorVisits }));
// close() waits for a hanging handshake; nobody else does.
await Promise.race([browser.close(), new Promise((done) => setTimeout(done, 3_000))]);
process.exit();
