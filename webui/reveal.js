// Brings into view what a click changed elsewhere: on phones the work that a button of the form began, which stands
// above the form, and the form that got the settings of a run; on any screen the run that was picked in the list.
(() => {
  const PHONE = '(max-width: 760px)', EVERY_MS = 250, TRIES = 24;
  const soon = (when, then) => {
    let left = TRIES;
    const timer = setInterval(() => {
      if (when()) then();
      else if (--left) return;
      clearInterval(timer);
    }, EVERY_MS);
  };
  const isFirst = row => getComputedStyle(row.lastElementChild).order === '-1';
  const work = row => [...row.querySelectorAll('.job')].find(card => card.offsetParent);
  const begun = row => {
    const worked = work(row), wasFirst = isFirst(row);
    soon(() => row.offsetParent && (!worked && work(row) || !wasFirst && isFirst(row)),
      () => (isFirst(row) ? row : work(row)).scrollIntoView());
  };
  const picked = () => {
    const title = document.getElementById('train-title'), said = () => title.parentElement.textContent, before = said();
    soon(() => said() !== before, () => title.scrollIntoView({block: 'nearest'}));
  };
  document.addEventListener('click', event => {
    const on = what => event.target instanceof Element && event.target.closest(what);
    if (on('#train-again') && matchMedia(PHONE).matches) on('.columns').firstElementChild.scrollIntoView();
    else if (on('.columns button') && matchMedia(PHONE).matches) begun(on('.columns'));
    else if (on('#train-history [role="gridcell"]')) picked();
  });
})();
