"""The style of the drift picture (picture.py): light and dark, as the reader's settings are."""

STYLE = """
:root {
  color-scheme: light dark;
  --text: #1c2128; --soft: #59636e; --line: #d8dee4; --page: #ffffff; --card: #f6f8fa;
  --training: #9aa4af; --now: #1f6feb;
  --bad: #cf222e; --bad-page: #ffebe9; --good: #1a7f37; --good-page: #dafbe1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6edf3; --soft: #9198a1; --line: #30363d; --page: #0d1117; --card: #161b22;
    --training: #6e7781; --now: #58a6ff;
    --bad: #ff7b72; --bad-page: #3c1618; --good: #56d364; --good-page: #12261e;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 900px; padding: 32px 24px 64px;
  background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
h1 { font-size: 26px; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 17px; margin: 0; }
p { margin: 4px 0; }
a { color: inherit; text-decoration: none; }
a:hover { text-decoration: underline; }
.soft { color: var(--soft); }
.verdict { margin: 20px 0; padding: 12px 16px; border-radius: 8px; font-weight: 600; }
.drifted { background: var(--bad-page); color: var(--bad); }
.steady { background: var(--good-page); color: var(--good); }
.unknown { background: var(--card); color: var(--soft); }
.scroll { overflow-x: auto; margin: 12px 0 28px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 6px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; color: var(--soft); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.badge { font-size: 12px; font-weight: 600; padding: 1px 8px; border-radius: 999px; margin-left: 8px; }
section { border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px 6px; margin: 0 0 16px; }
section { break-inside: avoid; }
.numbers { display: flex; flex-wrap: wrap; gap: 2px 18px; font-size: 14px; margin: 4px 0 8px; color: var(--soft); }
.numbers b { color: var(--text); font-weight: 600; }
.began { color: var(--bad); font-weight: 600; }
.key { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin: 0 6px 0 14px; }
.key:first-child { margin-left: 0; }
.key.t { background: var(--training); }
.key.n { background: var(--now); }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font: 11px system-ui, "Noto Sans", "DejaVu Sans", sans-serif; }
.t { fill: var(--training); }
.n { fill: var(--now); }
.h { fill: var(--now); opacity: 0.7; }
.h.over { fill: var(--bad); opacity: 1; }
.grid { stroke: var(--line); stroke-width: 1; }
"""
