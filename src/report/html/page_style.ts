/** @file The style sheet of the report: one column that reads at 360 pixels and on paper, light and dark by the reader's setting. */

/** Contrast of text to its ground is at least 4.5 in both schemes. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ground: #ffffff; --text: #1f1f24; --faint: #5c5c66; --line: #d7d7de; --panel: #f5f5f8; --link: #0b5cad; --mark: #0072b2; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ground: #17171b; --text: #e7e7ea; --faint: #a9a9b4; --line: #3a3a44; --panel: #202026; --link: #7db8f0; --mark: #56b4e9; }
}
@media print { :root { color-scheme: light; --ground: #ffffff; --text: #000000; --faint: #444444; --line: #bbbbbb; --panel: #ffffff; --link: #000000; --mark: #0072b2; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 8px; top: 8px; background: var(--ground); padding: 4px 8px; }
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 16px; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 1.5rem 0 0.25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; padding-top: 0.5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
p { margin: 0.5rem 0; max-width: 75ch; }
li { max-width: 90ch; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible, .drawing:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 0; margin: 0.75rem 0; font-size: 0.9rem; }
.subtitle, .notes, footer, figcaption { color: var(--faint); font-size: 0.875rem; }
.question { font-size: 1.0625rem; }
.verdict { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 8px; margin: 1rem 0; }
.verdict > div { min-width: 0; background: var(--panel); border-left: 4px solid var(--mark); padding: 0.5rem 0.875rem; }
.verdict > .wide { grid-column: 1 / -1; }
.verdict p { margin: 0.25rem 0; font-size: 0.875rem; max-width: none; }
.verdict .about { color: var(--faint); font-size: 0.8125rem; }
.verdict .headline { font-size: 1.0625rem; font-weight: 600; line-height: 1.3; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: 0.8125rem; font-variant-numeric: tabular-nums; margin: 0.5rem 0; }
caption { text-align: left; font-weight: 600; padding: 0.25rem 0; }
th, td { padding: 3px 8px; border-bottom: 1px solid var(--line); vertical-align: top; text-align: left; }
td { min-width: 3.5em; }
td.text { min-width: 14em; overflow-wrap: anywhere; }
td.text:first-child { min-width: 16em; }
th { font-weight: 600; vertical-align: bottom; }
.right { text-align: right; }
td.right, td.short { white-space: nowrap; }
.notes { padding-left: 1.25rem; margin: 0.25rem 0 0.75rem; }
figure { margin: 1.25rem 0; }
.drawing { overflow-x: auto; }
figure svg.antipode { max-width: 100%; height: auto; display: block; }
figcaption { max-width: 760px; margin-top: 0.25rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin: 0.75rem 0; }
.pair > div { border: 1px solid var(--line); border-radius: 6px; padding: 6px 10px; overflow-wrap: anywhere; white-space: pre-wrap; }
.pair .who { display: block; color: var(--faint); font-size: 0.75rem; white-space: normal; }
pre { background: var(--panel); padding: 8px 12px; font-size: 0.8125rem; }
details { margin: 0.5rem 0; }
summary { cursor: pointer; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 12px; margin: 0.5rem 0; font-size: 0.875rem; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 520px) { .pair { grid-template-columns: 1fr; } dl { grid-template-columns: 1fr; } h1 { font-size: 1.375rem; } }
@media screen and (max-width: 720px) { figure svg.antipode { max-width: none; width: 600px; } }
@media print { nav, .skip { display: none; } .scroll, .drawing { overflow: visible; } details::details-content { content-visibility: visible; display: block; } summary { list-style: none; } table { font-size: 6.5pt; } th, td { padding: 2px 4px; } td, td.text, td.text:first-child { min-width: 0; } td.right, td.short { white-space: normal; } pre { white-space: pre-wrap; overflow-wrap: anywhere; } h2, h3, caption { break-after: avoid; } figure, tr, .pair { break-inside: avoid; } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
