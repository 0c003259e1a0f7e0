// Before anything is drawn: no flash of the other theme.
'use strict';
window.fanout = {
  setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    for (const sheet of document.querySelectorAll('link[data-theme-of]')) {
      sheet.media = sheet.dataset.themeOf === theme ? 'all' : 'not all';
    }
  },
  theme() {
    return localStorage.getItem('theme') ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  },
  minutesFromUtc(local) {
    return -(local ? new Date(local) : new Date()).getTimezoneOffset();
  },
};
fanout.setTheme(fanout.theme());
// The links come after this script.
new MutationObserver((changes, observer) => {
  fanout.setTheme(fanout.theme());
  if (document.body) observer.disconnect();
}).observe(document.documentElement, { childList: true, subtree: true });
