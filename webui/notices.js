// A notice on the screen when the run that is shown ends: asked for by a click, kept by this browser.
(() => {
  const KEPT = 'doctune-notices';
  const RUNS = ['is-starting', 'is-running', 'is-stopping'], ENDS = ['is-done', 'is-stopped', 'is-failed', 'is-interrupted'];
  const able = () => 'Notification' in window && window.isSecureContext;
  const state = () => !able() ? 'unsupported' : Notification.permission === 'denied' ? 'denied'
    : Notification.permission === 'granted' && localStorage.getItem(KEPT) ? 'on' : '';
  const tell = () => {
    for (const name of ['on', 'denied', 'unsupported']) {
      document.getElementById(`train-desktop-${name}`)?.classList.toggle('shown', state() === name);
    }
  };
  document.addEventListener('click', async event => {
    if (!(event.target instanceof Element) || !event.target.closest('#train-desktop')) return;
    if (able() && await Notification.requestPermission() === 'granted') localStorage.setItem(KEPT, 'yes');
    tell();
  });
  let ran = false;
  const look = () => {
    const title = document.getElementById('train-title');
    if (!title) return;
    const has = names => names.some(name => title.classList.contains(name));
    if (has(RUNS)) ran = true;
    if (!ran || !has(ENDS)) return;
    ran = false;
    if (state() === 'on') new Notification('DocTune', {body: title.textContent.trim(), tag: 'doctune-run'});
  };
  setInterval(() => { look(); if (document.getElementById('train-desktop')) tell(); }, 1500);
})();
