// Connects the page, and again when the console was restarted or the network was away.
'use strict';
(() => {
  const notice = document.getElementById('reconnect');
  let isDown = false;

  const wait = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

  const isAlive = async () => {
    try {
      return (await fetch('/alive', { cache: 'no-store' })).ok;
    } catch {
      return false;
    }
  };

  const reconnect = async () => {
    while (isDown) {
      if (await isAlive()) {
        try {
          if (await Blazor.reconnect()) return;
          // A console that was restarted does not know this page any more.
          location.reload();
          return;
        } catch {
          // It went away again.
        }
      }
      await wait(1000);
    }
  };

  Blazor.start({
    circuit: {
      reconnectionHandler: {
        onConnectionDown() {
          isDown = true;
          notice.hidden = false;
          reconnect();
        },
        onConnectionUp() {
          isDown = false;
          notice.hidden = true;
        },
      },
    },
  });
})();
