/** Own colours and sizes, with contrast of at least 4.5:1; `all: initial` cuts off what the site would hand down. */
export const STYLE = `
:host { all: initial; display: block; }
section {
  box-sizing: border-box; max-width: 40rem; padding: 12px 16px; border: 1px solid #c9d3e0; border-radius: 12px;
  background: #ffffff; color: #1a2433; font: 17px/1.6 system-ui, 'PingFang SC', 'Microsoft YaHei', sans-serif;
  overflow-wrap: anywhere;
}
label { display: block; font-weight: 600; }
.line { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 4px; }
input, button { font: inherit; box-sizing: border-box; min-height: 44px; border-radius: 8px; padding: 4px 12px; }
input { flex: 1 1 160px; min-width: 0; border: 1px solid #4a586c; background: #ffffff; color: inherit; }
button { border: 1px solid #0b4f9e; background: #0b4f9e; color: #ffffff; cursor: pointer; }
:focus-visible { outline: 3px solid #d97706; outline-offset: 2px; }
a { color: #0b4f9e; }
p { margin: 4px 0; }
.state, .foot { color: #4a586c; font-size: 15px; }
ul { list-style: none; margin: 0; padding: 0; }
li { padding: 6px 0; }
li + li { border-top: 1px solid #c9d3e0; }
`
