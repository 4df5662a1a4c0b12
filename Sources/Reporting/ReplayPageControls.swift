// The part of the page's script that lets the user move: buttons, keys, searching, and the page's address.

extension ReplayPage {
  /// JavaScript: controls, and how the page begins.
  static let controlScript = #"""
    // MARK: Moving

    function show() {
      const processes = showLanes();
      showNow();
      showState(processes);
      showHazards();
      byId('slider').value = state.place;
      byId('number').value = state.place;
      const words = state.place > first
        ? `access ${state.place}, ${run.processes[access(state.place).process]}, ${access(state.place).operation.words}`
        : `before access ${first + 1}`;
      byId('slider').setAttribute('aria-valuetext', words);
      byId('command').textContent = `${run.command} --until ${state.place}`;
      byId('cursor')?.setAttribute('x', (state.place - first) / Math.max(last - first, 1) * 399);
      showMatches();
    }

    function showMatches() {
      const place = matches.indexOf(state.place);
      byId('matches').textContent = byId('search').value.trim() === '' ? ''
        : matches.length === 0 ? 'nothing fits'
          : place < 0 ? `${grouped(matches.length)} fit`
            : `${grouped(place + 1)} of ${grouped(matches.length)}`;
    }

    /** Goes to a place of the walk. */
    function go(place) {
      const target = clamp(Math.round(place), first, last);
      if (target >= state.place && target - state.place < surveyed.distance) {
        while (state.place < target) state.advance();
      } else {
        state = stateAt(target);
      }
      show();
      writeAddress();
    }

    const goIfThere = (number) => { if (number !== undefined) go(number); };

    function play(isOn) {
      clearInterval(timer);
      timer = null;
      if (isOn) {
        if (state.place === last) go(first);
        timer = setInterval(() => {
          if (state.place < last) go(state.place + 1);
          if (state.place === last) play(false);
        }, 1000 / Number(byId('speed').value));
      }
      byId('play').textContent = isOn ? 'stop' : 'play';
      byId('play').setAttribute('aria-pressed', isOn);
      byId('now').setAttribute('aria-live', isOn ? 'off' : 'polite');
    }

    function lookFor(query) {
      const number = /^#?[\d,]+$/.test(query.trim()) ? Number(query.replace(/[#,\s]/g, '')) : null;
      matches = number === null ? search(query) : number > first && number <= last ? [number] : [];
      matchSet = new Set(matches);
      showOverview();
    }

    /** Goes to the next match of the search, and from the last on to the first. */
    function goToMatch(isForward) {
      goIfThere(isForward ? nextIn(matches, state.place) ?? matches[0]
        : previousIn(matches, state.place) ?? matches.at(-1));
    }

    function zoom(factor) {
      cellWidth = clamp(cellWidth * factor, 4, 48);
      show();
    }

    // MARK: Address

    let addressTimer = null;

    /** Puts the place into the page's address, but not more often than browsers let a page do that. */
    function writeAddress() {
      clearTimeout(addressTimer);
      addressTimer = setTimeout(() => {
        const query = byId('search').value.trim();
        const search = query === '' ? '' : `&search=${encodeURIComponent(query)}`;
        history.replaceState(null, '', `#access=${state.place}${search}`);
      }, 300);
    }

    function readAddress() {
      const wanted = new URLSearchParams(location.hash.slice(1));
      if (wanted.has('search')) {
        byId('search').value = wanted.get('search');
        lookFor(wanted.get('search'));
      }
      const access = Number(wanted.get('access') ?? NaN);
      const hazard = findings[Number(wanted.get('hazard') ?? NaN) - 1];
      if (Number.isFinite(access)) go(access);
      else if (hazard !== undefined) go(hazard.number);
      else if (matches.length > 0) go(matches[0]);
      else go(state.place);
      if (wanted.has('play')) play(wanted.get('play') === '1');
    }

    // MARK: Keys and controls

    const keys = {
      ArrowLeft: (event) => go(state.place - (event.shiftKey ? 10 : 1)),
      ArrowRight: (event) => go(state.place + (event.shiftKey ? 10 : 1)),
      Home: () => go(first),
      End: () => go(last),
      n: () => goIfThere(nextIn(hazardNumbers, state.place)),
      p: () => goIfThere(previousIn(hazardNumbers, state.place)),
      '/': () => byId('search').focus(),
      ' ': () => play(timer === null),
      '+': () => zoom(1.25),
      '-': () => zoom(0.8),
    };

    document.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { target } = event;
      if (target.matches('input:not([type=range]), select')) {
        if (event.key === 'Escape') target.blur();
        return;
      }
      if (event.key === ' ' && target.matches('button, summary')) return;
      const action = keys[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action(event);
    });

    const onClick = (id, action) => byId(id).addEventListener('click', action);
    onClick('first', () => go(first));
    onClick('back', () => go(state.place - 1));
    onClick('forth', () => go(state.place + 1));
    onClick('end', () => go(last));
    onClick('play', () => play(timer === null));
    onClick('nextHazard', () => keys.n());
    onClick('previousHazard', () => keys.p());
    onClick('wider', () => zoom(1.25));
    onClick('narrower', () => zoom(0.8));
    onClick('copy', async () => {
      getSelection().selectAllChildren(byId('command'));
      await navigator.clipboard?.writeText(byId('command').textContent);
      byId('copy').textContent = 'copied';
      setTimeout(() => { byId('copy').textContent = 'copy'; }, 1500);
    });
    byId('slider').addEventListener('input', () => go(Number(byId('slider').value)));
    byId('number').addEventListener('change', () => go(Number(byId('number').value)));
    byId('speed').addEventListener('change', () => { if (timer !== null) play(true); });
    byId('search').addEventListener('input', () => {
      lookFor(byId('search').value);
      show();
      writeAddress();
    });
    byId('search').addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault();
        goToMatch(!event.shiftKey);
      }
    });
    byId('searchForm').addEventListener('submit', (event) => event.preventDefault());
    window.addEventListener('hashchange', readAddress);
    window.addEventListener('resize', show);
    window.addEventListener('beforeprint', () => { play(false); showHazards(300, true); });
    window.addEventListener('afterprint', () => showHazards());

    // MARK: Beginning

    /** Objects that something happens to, and those that processes work on. */
    const shownObjects = [...run.objects.keys()].filter((object) =>
      copied.has(object) || state.version[object] > 0
      || run.operations.some((operation) => operation.first <= object && object < operation.end));

    for (const id of ['slider', 'number']) {
      byId(id).min = first;
      byId(id).max = last;
    }
    byId('window').textContent = first === last ? 'No access was made.'
      : first === 0 ? `Accesses 1 to ${grouped(last)}, from the beginning.`
        : `Accesses ${grouped(first + 1)} to ${grouped(last)}: the last ${grouped(last - first)}.`;
    byId('legend').replaceChildren(...[
      ['read', 'reads'], ['load', 'loads, to store later'], ['part', 'changes a part'], ['store', 'stores or updates'],
      ['exchange', 'exchanges'], ['lock', 'locks'],
    ].filter(([effect]) => run.operations.some((operation) => operation.effect === effect
      || effect === 'store' && operation.effect === 'update')).flatMap(([colour, text]) => {
      const swatch = element('span', { class: 'swatch' });
      swatch.style.backgroundColor = `var(--${colour})`;
      return [swatch, text];
    }), '. Numbers name the objects of the table below; pale ones nobody works on copies of.');
    if (surveyed.disagreement !== null) {
      const { number, version, computed, object } = surveyed.disagreement;
      byId('warning').textContent = `This page was altered: access ${grouped(number)} leaves ${run.objects[object]} at `
        + `version ${grouped(version)}, and the accesses before it lead to ${grouped(computed)}.`;
      byId('warning').hidden = false;
    }
    chooseStops();
    readAddress();
    """#
}
