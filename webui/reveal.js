// Brings into view what a click changed elsewhere: the work that the button of a form began, which on phones stands
// above the form; on phones the form that got the settings of a run; the run that was picked in the list.
(() => {
  const BEGINS = '.columns button.primary, .columns .empty-state button';
  const PHONE = '(max-width: 760px)', EVERY_MS = 250, TRIES = 80;
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
  const isAway = card => card.getBoundingClientRect().bottom < 0 || card.getBoundingClientRect().top > innerHeight;
  const begun = row => {
    const worked = work(row), wasFirst = isFirst(row);
    soon(() => row.offsetParent && (!worked && work(row) || !wasFirst && isFirst(row)),
      () => { if (isFirst(row) || isAway(work(row))) row.scrollIntoView(); });
  };
  const picked = () => {
    const title = document.getElementById('train-title'), said = () => title.parentElement.textContent, before = said();
    soon(() => said() !== before, () => title.scrollIntoView({block: 'nearest'}));
  };
  document.addEventListener('click', event => {
    const on = what => event.target instanceof Element && event.target.closest(what);
    if (on(BEGINS)) begun(on('.columns'));
    else if (on('#train-again') && matchMedia(PHONE).matches) on('.columns').firstElementChild.scrollIntoView();
    else if (on('#train-history [role="gridcell"]')) picked();
  });
})();
