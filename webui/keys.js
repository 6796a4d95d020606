// The review by keyboard: a key clicks the button that does the same. While something is typed, keys are letters.
(() => {
  const BUTTONS = {j: 'qa-pair-forward', k: 'qa-pair-back', c: 'qa-confirm', Enter: 'qa-confirm', x: 'qa-delete',
                   Delete: 'qa-delete', u: 'qa-undo', Escape: 'qa-close'};
  const FIRST = ['j', 'e', 'Enter'];
  const working = id => {
    const found = document.getElementById(id);
    return found && found.offsetParent !== null && !found.disabled ? found : null;
  };
  document.addEventListener('keydown', event => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (!document.querySelector('#rail-qa.here')) return;
    const at = event.target instanceof Element ? event.target : document.body;
    const typing = at.closest('textarea, select, [contenteditable="true"], [role="listbox"], ' +
                              'input:not([type="checkbox"]):not([type="radio"])');
    if (typing) {
      if (event.key === 'Escape' && at.closest('#qa-panel')) at.blur();
      return;
    }
    if (event.key === 'Enter' && at.closest('button, a, summary')) return;
    const open = working('qa-pair-forward');
    if (event.key === '/') {
      event.preventDefault();
      document.querySelector('#qa-search input, #qa-search textarea')?.focus();
    } else if (!open && FIRST.includes(event.key)) {
      working('qa-one-by-one')?.click();
    } else if (open && event.key === 'e') {
      event.preventDefault();
      document.querySelector('#qa-question textarea')?.focus();
    } else if (BUTTONS[event.key] && (open || event.key === 'u')) {
      event.preventDefault();
      working(BUTTONS[event.key])?.click();
    }
  });
})();
