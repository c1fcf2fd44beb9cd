/* global document, window, getComputedStyle, NodeFilter */
// Run in a page by the test beside it, and named there.

function openAll() {
  for (const details of document.querySelectorAll('details')) details.open = true;
}

function describeElement(element) {
  return `${element.tagName.toLowerCase()}.${element.className}: ${element.textContent.trim().slice(0, 40)}`;
}

/** What a page's structure lacks for those who do not see it, in words. */
function inspectPage() {
  const problems = [];
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const own = Number(heading.tagName.slice(1));
    if (own > level + 1) problems.push(`heading too deep: ${describeElement(heading)}`);
    level = own;
  }
  if (document.querySelectorAll('h1').length !== 1) problems.push('not one h1');
  for (const name of ['header', 'main', 'nav', 'footer']) {
    if (document.querySelector(name) === null) problems.push(`no ${name}`);
  }
  if (document.documentElement.lang !== 'en') problems.push('no language');
  if (document.title === '') problems.push('no title');
  for (const region of document.querySelectorAll('[role=region], nav, section, article')) {
    const by = document.getElementById(region.getAttribute('aria-labelledby') ?? '');
    const name = region.getAttribute('aria-label') ?? by?.textContent ?? '';
    if (name.trim() === '') problems.push(`no name: ${describeElement(region)}`);
  }
  for (const table of document.querySelectorAll('table')) {
    if (table.caption === null) problems.push(`no caption: ${describeElement(table)}`);
    for (const cell of table.querySelectorAll('th')) {
      if (!cell.hasAttribute('scope')) problems.push(`no scope: ${describeElement(cell)}`);
    }
  }
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    const id = link.getAttribute('href').slice(1);
    if (document.getElementById(id) === null) problems.push(`leads nowhere: #${id}`);
  }
  return problems;
}

/** Any CSS colour as red, green, blue and opacity. */
function readColor(canvas, color) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}

function luminance(color) {
  const [red, green, blue] = color.map((value) =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Texts with less contrast to what is behind them than WCAG 2.2 asks for in 1.4.3. */
function findLowContrast() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const findBackground = (element) => {
    for (let one = element; one !== null; one = one.parentElement) {
      const color = readColor(canvas, getComputedStyle(one).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const found = new Map();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent.trim();
    if (text === '' || element.closest('.hidden, .skip') !== null) continue;
    if (!element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const one = luminance(readColor(canvas, style.color));
    const other = luminance(findBackground(element));
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast >= (isLarge ? 3 : 4.5)) continue;
    const place = `${element.tagName}.${element.className} in .${element.parentElement.className}`;
    found.set(place, `${place}: ${contrast.toFixed(2)}: ${text.slice(0, 30)}`);
  }
  return [...found.values()];
}

function readBackground() {
  return getComputedStyle(document.body).backgroundColor;
}

/** How much wider the page is than the window, pixels. */
function measureOverflow() {
  return document.documentElement.scrollWidth - window.innerWidth;
}

/** What can be scrolled sideways, but not by keyboard. */
function findUnreachable() {
  return [...document.querySelectorAll('body *')]
    .filter((element) => {
      const scrolls = element.scrollWidth > element.clientWidth + 1;
      return scrolls && getComputedStyle(element).overflowX === 'auto' && element.tabIndex !== 0;
    })
    .map(describeElement);
}

/** What is on paper. */
function describePrint() {
  const isSeen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
  return {
    background: readBackground(),
    logs: [...document.querySelectorAll('pre')].some(isSeen),
    evidence: [...document.querySelectorAll('details:not(.log) td')].every(isSeen),
  };
}

function countLogLines() {
  return [...document.querySelectorAll('pre')].map((log) => log.textContent.split('\n').length);
}

function measureLoadMs() {
  return performance.getEntriesByType('navigation')[0].duration;
}

/** Tables of sentences: how they are shown at this width. */
function describeStacks() {
  return [...document.querySelectorAll('table.stack')].map((table) => {
    const cell = table.querySelector('tbody td');
    const before = getComputedStyle(cell, '::before').content;
    const titles = [...table.querySelectorAll('thead th')].map((one) => one.textContent);
    const region = table.parentElement;
    return {
      name: region.getAttribute('aria-label'),
      isStacked: getComputedStyle(table.querySelector('thead')).display === 'none',
      label: before === 'none' ? before : before.replaceAll(/^"|"$/g, '').replaceAll('" "', ''),
      title: `${titles[cell.cellIndex]}: `,
      scrollsBy: Math.max(0, region.scrollWidth - region.clientWidth),
    };
  });
}

Object.assign(window, {
  ...{ openAll, inspectPage, findLowContrast, readBackground, measureOverflow },
  ...{ findUnreachable, describePrint, countLogLines, measureLoadMs, describeStacks },
});
