import { chromium, type Browser, type Page } from 'playwright-core';
import { findTool } from './tools.js';

/** Debian's Chromium, without a window. Tests run as root on some machines, where it has no sandbox of its own. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findTool('chromium');
  if (executablePath === undefined) throw new Error('chromium is not installed');
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** What a page says while it is looked at: everything on its console, and every request but the one for itself. */
export function listen(page: Page): readonly string[] {
  const said: string[] = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (request.url() !== page.url() && !request.isNavigationRequest()) said.push(request.url());
  });
  return said;
}
