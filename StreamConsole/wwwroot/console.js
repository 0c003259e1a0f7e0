// What the browser does by itself: times in the viewer's zone, copying, themes and the keyboard. It needs no connection.
'use strict';
(() => {
  const pad = (number, digits = 2) => String(number).padStart(digits, '0');

  const write = (date, form) => {
    const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
    const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
    if (form === 'exact') return `${day} ${time}.${pad(date.getMilliseconds(), 3)}`;
    if (form === 'clock') return `${time}.${pad(date.getMilliseconds(), 3)}`;
    if (form !== 'ago' && form !== 'due') return `${day} ${time}`;
    const seconds = Math.round((Date.now() - date) / 1000);
    if (form === 'due' && seconds >= 0) return 'now due';
    const span = Math.abs(seconds);
    const [count, unit] = span < 60 ? [span, 's'] : span < 3600 ? [Math.floor(span / 60), 'min']
      : span < 86400 ? [Math.floor(span / 3600), 'h'] : [Math.floor(span / 86400), 'd'];
    return seconds < 0 ? `in ${count} ${unit}` : `${count} ${unit} ago`;
  };

  class LocalTime extends HTMLElement {
    static observedAttributes = ['datetime', 'form'];

    constructor() {
      super();
      this.attachShadow({ mode: 'open' });
    }

    connectedCallback() {
      this.update();
      if (['ago', 'due'].includes(this.getAttribute('form'))) this.timer = setInterval(() => this.update(), 1000);
    }

    disconnectedCallback() {
      clearInterval(this.timer);
    }

    attributeChangedCallback() {
      this.update();
    }

    update() {
      const date = new Date(this.getAttribute('datetime'));
      if (Number.isNaN(date.getTime())) return;
      const text = write(date, this.getAttribute('form'));
      if (this.shadowRoot.textContent !== text) this.shadowRoot.textContent = text;
      this.title = `${write(date, 'exact')} (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
    }
  }

  customElements.define('local-time', LocalTime);

  const toggleTheme = () => {
    const theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    localStorage.setItem('theme', theme);
    fanout.setTheme(theme);
  };

  const copy = async button => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // Without a secure context there is no clipboard.
      const area = Object.assign(document.createElement('textarea'), { value: button.dataset.copy });
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
    button.classList.add('copied');
    setTimeout(() => button.classList.remove('copied'), 1200);
  };

  document.addEventListener('click', event => {
    const button = event.target.closest('[data-copy], [data-theme-toggle], [data-opens]');
    if (button?.dataset.copy !== undefined) copy(button);
    else if (button?.dataset.themeToggle !== undefined) toggleTheme();
    else if (button?.dataset.opens) document.getElementById(button.dataset.opens)?.showModal();
    for (const open of document.querySelectorAll('details.account[open]')) {
      if (!open.contains(event.target)) open.open = false;
    }
  });

  const moveRow = step => {
    const rows = [...document.querySelectorAll('main tr[data-row] .row-link')].filter(row => row.offsetParent !== null);
    if (rows.length === 0) return;
    const now = rows.findIndex(row => row.closest('tr').contains(document.activeElement));
    rows[Math.min(rows.length - 1, Math.max(0, now < 0 ? 0 : now + step))].focus();
  };

  let goUntil = 0;
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest('input, textarea, select, [contenteditable]')) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    const isGo = event.timeStamp < goUntil;
    goUntil = 0;
    if (isGo) {
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) {
        event.preventDefault();
        link.click();
      }
      return;
    }
    switch (event.key) {
      case 'g': goUntil = event.timeStamp + 1500; break;
      case '/': document.querySelector('[data-shortcut="/"]')?.focus(); event.preventDefault(); break;
      case '?': document.getElementById('shortcuts')?.showModal(); event.preventDefault(); break;
      case 't': toggleTheme(); break;
      case 'j': moveRow(1); break;
      case 'k': moveRow(-1); break;
      case 'Escape': if (!document.querySelector('dialog[open]')) document.querySelector('[data-closes]')?.click(); break;
    }
  });

  // The address that the system prints has a key behind '#', which no server sees: it goes into the form.
  // Elsewhere than in development a person has to press the button: a link of somebody else must not sign them in.
  const key = document.querySelector('form.sign-in input[name=key]');
  if (key && location.hash.length > 1) {
    key.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, '', location.pathname + location.search);
    if ('submits' in key.form.dataset) key.form.requestSubmit();
  }
})();
