/** Own colours and sizes; on a narrow screen the open chat covers the page. */
export const CHAT_STYLE = `
:host { all: initial; }
.dock {
  position: fixed; bottom: 16px; z-index: 2147483000; display: flex; flex-direction: column; gap: 8px;
  font: 17px/1.5 system-ui, 'PingFang SC', 'Microsoft YaHei', sans-serif; color: #1a2433;
}
.right { right: 16px; align-items: flex-end; }
.left { left: 16px; align-items: flex-start; }
button { font: inherit; min-height: 44px; border-radius: 22px; padding: 4px 16px; cursor: pointer; }
.launcher { border: 2px solid #ffffff; background: #0b4f9e; color: #ffffff; box-shadow: 0 2px 10px #00000055; }
.news:not(:empty) { padding: 2px 10px; border-radius: 12px; background: #a61b1b; color: #ffffff; font-size: 15px; }
section {
  box-sizing: border-box; display: flex; flex-direction: column; width: min(420px, calc(100vw - 32px));
  height: min(680px, calc(100vh - 100px)); background: #ffffff; border: 1px solid #4a586c; border-radius: 12px;
  overflow: hidden; box-shadow: 0 4px 24px #00000055;
}
section[hidden] { display: none; }
header { display: flex; align-items: center; justify-content: space-between; padding: 6px 8px 6px 16px; }
header button { border: 1px solid #0b4f9e; background: #ffffff; color: #0b4f9e; }
iframe { flex: 1; width: 100%; border: 0; }
:focus-visible { outline: 3px solid #d97706; outline-offset: 2px; }
@media (max-width: 480px) {
  section { position: fixed; inset: 0; width: auto; height: auto; border-radius: 0; }
}
`
