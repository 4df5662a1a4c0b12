// The part of the page's script that shows a place of the walk: lanes, the state and hazards. Text enters the page as
// text only, never as markup.

extension ReplayPage {
  /// JavaScript: drawing.
  static let viewScript = #"""
    const byId = (id) => document.getElementById(id);
    const digits = new Intl.NumberFormat('en-US');
    const grouped = (number) => digits.format(number);
    const counted = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
    const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

    function element(name, attributes = {}, ...children) {
      const made = document.createElement(name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      made.append(...children);
      return made;
    }

    function drawn(name, attributes = {}, ...children) {
      const made = document.createElementNS('http://www.w3.org/2000/svg', name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      made.append(...children);
      return made;
    }

    /** A hazard's mark in running text. */
    function mark(kind) {
      const { path, colour } = run.hazards[kind];
      return drawn('svg', { class: 'mark', viewBox: '-7 -7 14 14', 'aria-hidden': 'true' },
        drawn('path', { d: path, fill: colour }));
    }

    /** A button in running text that goes to an access. */
    function link(number, text = `access ${grouped(number)}`) {
      if (number <= first || number > last) return text;
      const made = element('button', { type: 'button', class: 'link' }, text);
      made.addEventListener('click', () => go(number));
      return made;
    }

    // Where the walk is, and how it is looked at.
    let state = stateAt(first);
    let matches = [];
    let matchSet = new Set();
    let stops = new Set(run.hazards.keys());
    let hazardNumbers = [];
    let timer = null;
    let cellWidth = 17;

    // MARK: The access just made

    function showNow() {
      const now = byId('now');
      const place = state.place;
      const next = place < last ? access(place + 1) : null;
      const upcoming = next === null ? 'It is the last.'
        : `Next is ${run.processes[next.process]}: ${next.operation.words}.`;
      if (place === first) {
        now.replaceChildren(
          element('p', { class: 'what' },
            first === 0 ? 'Before the first access' : `Before access ${grouped(first + 1)}, the first one shown`),
          element('p', { class: 'facts' }, next === null ? '' : upcoming));
        return;
      }
      const { process, operation, update } = access(place);
      const { effect, first: object } = operation;
      const facts = element('p', { class: 'facts' });
      const version = state.version[object];
      const isChange = effect === 'store' || effect === 'update' || effect === 'exchange';
      if (effect !== 'lock' && effect !== 'part') {
        facts.append(`Version ${isChange ? `${grouped(version - 1)} → ` : ''}${grouped(version)}`);
      }
      const partner = partnerOf(place);
      if (effect === 'store' && partner) {
        const loaded = access(partner).version;
        facts.append('; loaded at version ', grouped(loaded), ' by ', link(partner));
        const lost = version - 1 - loaded;
        if (lost > 0) facts.append(`, so ${counted(lost, 'store')} in between ${lost === 1 ? 'is' : 'are'} lost`);
      }
      if (effect === 'load' && partner) facts.append('; to be stored by ', link(partner));
      facts.append(`. Update ${grouped(update)} of ${run.processes[process]}. ${upcoming}`);
      now.replaceChildren(
        element('p', { class: 'what' },
          element('span', { class: 'n' }, `access ${grouped(place)}`),
          `${run.processes[process]}: ${operation.words}`),
        facts,
        ...(findingsAt.get(place) ?? []).map((finding) => element('p', { class: 'hazard' }, mark(finding.kind),
          run.hazards[finding.kind].id, element('span', {}, ` ${run.hazards[finding.kind].meaning}`,
            ...(finding.cause > 0 ? [': ', link(finding.cause)] : [])))));
    }

    // MARK: Lanes

    /** The processes that have a lane and a column: all, or those that act nearby. */
    function shownProcesses(from, to) {
      const limit = 24;
      if (processCount <= limit) return [...run.processes.keys()];
      const found = new Set();
      for (let distance = 0; found.size < limit && (state.place - distance > from || state.place + distance < to);
        distance++) {
        for (const number of [state.place - distance, state.place + 1 + distance]) {
          if (number > from && number <= to && found.size < limit) found.add(access(number).process);
        }
      }
      return [...found].sort((a, b) => a - b);
    }

    function showLanes() {
      const box = byId('lanes');
      const full = Math.max(box.clientWidth, 280);
      const height = 22;
      const names = run.processes.map((name) => name.length);
      const gutter = clamp(Math.max(...names.slice(0, 100)) * 7 + 12, 40, full / 4);
      const columns = clamp(Math.floor((full - gutter) / cellWidth), 1, Math.max(last - first, 1));
      const from = clamp(state.place - Math.ceil(columns * 0.6), first, Math.max(first, last - columns));
      const to = Math.min(last, from + columns);
      const processes = shownProcesses(from, to);
      const lane = new Map(processes.map((process, row) => [process, row]));
      const top = 18;
      const bottom = top + processes.length * height;
      const x = (number) => gutter + (number - from - 1) * cellWidth;
      const y = (process) => top + lane.get(process) * height;
      const picture = drawn('svg', {
        width: full, height: bottom + 20, viewBox: `0 0 ${full} ${bottom + 20}`, 'aria-hidden': 'true',
      });
      const add = (name, attributes, ...children) => picture.append(drawn(name, attributes, ...children));
      for (const [process, row] of lane) {
        if (row % 2 === 0) {
          add('rect', { x: 0, y: y(process), width: full, height, fill: 'var(--panel)' });
        }
      }
      if (state.place > first) {
        add('rect', { x: x(state.place), y: 2, width: cellWidth, height: bottom, fill: 'var(--band)' });
      }
      for (const process of processes) {
        add('text', { class: 'name', x: 4, y: y(process) + 15 }, run.processes[process]);
      }
      const isLost = (number) => findingsAt.get(number)?.some((finding) => finding.cause > 0) ?? false;
      // What lies between a load and its store, which may both lie outside the window.
      const gap = (process, begin, end, isLost) => add('line', {
        class: `gap${isLost ? ' lost' : ''}${begin >= state.place ? ' later' : ''}`,
        x1: Math.max(x(begin) + cellWidth, gutter), x2: Math.min(x(end), full), y1: y(process) + 11,
        y2: y(process) + 11,
      });
      const idle = new Set(processes);
      for (let number = from + 1; number <= to; number++) {
        const { process, operation } = access(number);
        idle.delete(process);
        const partner = partnerOf(number);
        if (!partner || !lane.has(process)) continue;
        if (operation.effect === 'load') gap(process, number, partner, isLost(partner));
        else if (partner <= from) gap(process, partner, number, isLost(number));
      }
      for (const process of idle) {
        const object = shownObjects.find((object) => state.loaded[process * objectCount + object] >= 0);
        if (object === undefined) continue;
        gap(process, from, to + 1, state.loaded[process * objectCount + object] !== state.version[object]);
      }
      for (let number = from + 1; number <= to; number++) {
        const { process, operation } = access(number);
        if (!lane.has(process)) continue;
        const later = number > state.place ? ' later' : '';
        add('rect', {
          class: `cell${later}`, x: x(number), width: cellWidth, rx: 3, fill: `var(--${operation.effect})`,
          ...(copied.has(operation.first) ? { y: y(process) + 3, height: height - 6 }
            : { y: y(process) + 5, height: height - 10, 'fill-opacity': 0.55 }),
        }, drawn('title', {}, `${grouped(number)}: ${run.processes[process]}, ${operation.words}`));
        if (cellWidth >= 13) {
          add('text', { class: `object${later}`, x: x(number) + cellWidth / 2, y: y(process) + 14.5 },
            operation.end - operation.first > 1 ? '∗' : operation.first);
        }
        if (matchSet.has(number)) {
          add('rect', { class: 'match', x: x(number), y: bottom, width: cellWidth - 1, height: 3 });
        }
      }
      for (const [number, found] of findingsAt) {
        if (number <= from || number > to || !lane.has(access(number).process)) continue;
        const here = number === state.place ? ' here' : '';
        for (const { cause } of found) {
          if (cause <= from || !lane.has(access(cause).process)) continue;
          const [x1, y1] = [x(cause) + cellWidth / 2, y(access(cause).process)];
          const [x2, y2] = [x(number) + cellWidth / 2, y(access(number).process)];
          const isDown = y2 > y1;
          const [start, end] = isDown ? [y1 + height - 3, y2 + 2] : [y1 + 3, y2 + height - 2];
          const middle = (start + end) / 2;
          add('path', { class: `arrow${here}`, d: `M${x1} ${start}C${x1} ${middle} ${x2} ${middle} ${x2} ${end}` });
          const tip = isDown ? -5 : 5;
          add('path', { class: 'head', d: `M${x2} ${end}l-3.5 ${tip}h7z` });
        }
        found.forEach(({ kind }, position) => {
          const { id, path, colour } = run.hazards[kind];
          const place = [x(number) + cellWidth - 2 + 6 * position, y(access(number).process) + 4];
          add('path', {
            class: 'mark', d: path, fill: colour, stroke: 'var(--paper)', 'stroke-width': 1.5, 'paint-order': 'stroke',
            transform: `translate(${place}) scale(.8)`,
          }, drawn('title', {}, `${id} at access ${grouped(number)}`));
        });
      }
      const every = Math.ceil(64 / cellWidth / 10) * 10;
      for (let number = from + 1; number <= to; number++) {
        if (number % every === 0 && x(number) + cellWidth < full - 12) {
          add('text', { class: 'faint', x: x(number) + cellWidth / 2, y: bottom + 15, 'text-anchor': 'middle' },
            grouped(number));
        }
      }
      if (state.place > first) {
        add('text', {
          x: clamp(x(state.place) + cellWidth / 2, 40, full - 40), y: 13, 'text-anchor': 'middle', 'font-weight': 600,
        }, grouped(state.place));
      }
      picture.addEventListener('click', (event) => {
        const box = picture.getBoundingClientRect();
        const column = Math.floor(((event.clientX - box.left) * full / box.width - gutter) / cellWidth);
        if (column >= 0 && column < to - from) go(from + 1 + column);
      });
      box.replaceChildren(picture);
      const window = `accesses ${grouped(from + 1)} to ${grouped(to)}`;
      box.setAttribute('aria-label', `Lanes of ${processes.length} processes, ${window}`);
      byId('lanesNote').textContent = window
        + (processes.length < processCount ? `; ${processes.length} of ${grouped(processCount)} that act nearby` : '');
      return processes;
    }

    // MARK: State

    function showState(processes) {
      const current = state.place > first ? access(state.place) : null;
      const isTouched = (object) =>
        current !== null && object >= current.operation.first && object < current.operation.end;
      const head = element('tr', {}, element('th', { scope: 'col' }, 'object'),
        element('th', { scope: 'col' }, 'version'), element('th', { scope: 'col' }, 'updates in it'),
        element('th', { scope: 'col', class: 'left' }, 'last written'));
      for (const process of processes) {
        head.append(element('th', { scope: 'col', class: current?.process === process ? 'copy here' : 'copy' },
          run.processes[process]));
      }
      const rows = shownObjects.map((object) => {
        const row = element('tr', { class: isTouched(object) ? 'touched' : '', 'data-object': object });
        const writer = state.lastWriter[object];
        const written = element('td', { class: 'left' });
        if (writer >= 0) {
          written.append(run.processes[writer]);
          if (state.lastWrite[object] > 0) written.append(', ', link(state.lastWrite[object]));
        }
        row.append(
          element('th', { scope: 'row' }, element('span', { class: 'badge' }, object), run.objects[object]),
          element('td', { class: 'n' }, grouped(state.version[object])),
          element('td', { class: 'n' }, copied.has(object) ? grouped(state.updates[object]) : ''), written);
        for (const process of processes) row.append(copyCell(process, object));
        return row;
      });
      const foot = element('tr', {}, element('th', { scope: 'row', colspan: 4 }, 'most versions behind'));
      for (const process of processes) {
        const lag = staleness(process);
        foot.append(element('td', { class: 'n' }, lag === null ? '–' : grouped(lag)));
      }
      byId('state').replaceChildren(
        element('thead', {}, head), element('tbody', {}, ...rows), element('tfoot', {}, foot));
      byId('stateNote').textContent = state.place === 0 ? 'before the first access'
        : `after access ${grouped(state.place)}`;
    }

    /** How many versions the oldest copy of a process is behind; null where it has none. */
    function staleness(process) {
      let lag = null;
      for (const object of copied) {
        const copy = state.copy[process * objectCount + object];
        if (copy >= 0) lag = Math.max(lag ?? 0, state.version[object] - copy);
      }
      return lag;
    }

    function copyCell(process, object) {
      const own = process * objectCount + object;
      const cell = element('td', { class: 'n' });
      if (!copied.has(object)) return cell;
      const [copy, loaded] = [state.copy[own], state.loaded[own]];
      const version = state.version[object];
      const lag = copy < 0 ? 0 : version - copy;
      cell.append(copy < 0 ? '–' : grouped(copy));
      if (lag > 0) {
        cell.append(element('small', {}, `−${grouped(lag)}`));
        cell.style.backgroundColor = `rgba(var(--stale), ${Math.min(0.1 + lag * 0.04, 0.6)})`;
      }
      if (loaded >= 0) {
        const isDoomed = loaded !== version;
        cell.append(' ', element('span', {
          class: `loaded${isDoomed ? ' doomed' : ''}`,
          title: isDoomed ? `loaded version ${loaded}; its store will overwrite ${version - loaded} newer`
            : `loaded version ${loaded}, not stored yet`,
        }, `${grouped(loaded)}…`));
      }
      return cell;
    }

    // MARK: Hazards

    function showHazards(limit = 15, isForPrint = false) {
      const chosen = findings.filter((finding) => stops.has(finding.kind));
      const here = chosen.findIndex((finding) => finding.number >= state.place);
      const middle = here < 0 ? chosen.length : here;
      const from = isForPrint ? 0 : clamp(middle - Math.floor(limit / 2), 0, Math.max(0, chosen.length - limit));
      const rows = chosen.slice(from, from + limit).map(({ kind, number, cause }) => {
        const { process, operation, version } = access(number);
        return element('tr', { class: number === state.place ? 'here' : '' },
          element('td', { class: 'n' }, link(number, grouped(number))),
          element('td', { class: 'left' }, mark(kind), run.hazards[kind].id),
          element('td', { class: 'left' }, run.processes[process]),
          element('td', { class: 'left' }, operation.words),
          element('td', { class: 'n' }, grouped(version)),
          element('td', { class: 'left' }, ...(cause > 0 ? [link(cause), ...actor(cause)] : ['']))
        );
      });
      const head = element('tr', {}, ...['access', 'hazard', 'who', 'what', 'version', 'with'].map((name, column) =>
        element('th', { scope: 'col', class: column === 0 || column === 4 ? '' : 'left' }, name)));
      byId('hazards').replaceChildren(
        ...(rows.length > 0 ? [element('thead', {}, head), element('tbody', {}, ...rows)] : []));
      byId('hazardsNote').textContent = findings.length === 0 ? 'none showed in these accesses'
        : chosen.length <= rows.length ? counted(chosen.length, 'finding')
          : `${grouped(from + 1)} to ${grouped(from + rows.length)} of ${counted(chosen.length, 'finding')}`;
    }

    const actor = (number) => number > first ? [`, ${run.processes[access(number).process]}`] : [];

    function showKinds() {
      byId('kinds').replaceChildren(...run.hazards.map(({ id, meaning }, kind) => {
        const count = findings.filter((finding) => finding.kind === kind).length;
        const button = element('button', { type: 'button', 'aria-pressed': stops.has(kind), title: meaning },
          mark(kind), `${id} ${grouped(count)}`);
        button.addEventListener('click', () => {
          if (!stops.delete(kind)) stops.add(kind);
          chooseStops();
          byId('kinds').children[kind].focus();
        });
        return button;
      }));
    }

    function chooseStops() {
      hazardNumbers = [...new Set(findings.filter(({ kind }) => stops.has(kind)).map(({ number }) => number))];
      showKinds();
      showOverview();
      show();
    }

    // MARK: Overview

    /** One row for each kind of hazard and one for the search, over all accesses shown. */
    function showOverview() {
      const bins = 400;
      const rows = run.hazards.map(({ colour }, kind) => ({
        colour, numbers: stops.has(kind) ? findings.filter((one) => one.kind === kind).map((one) => one.number) : [],
      }));
      if (matches.length > 0) rows.push({ colour: 'var(--accent)', numbers: matches });
      const height = Math.max(rows.length * 6, 6);
      const picture = drawn('svg', { viewBox: `0 0 ${bins} ${height}`, height, preserveAspectRatio: 'none' });
      rows.forEach(({ colour, numbers }, row) => {
        const filled = new Set(numbers.map((number) => Math.floor((number - first - 1) / (last - first) * bins)));
        const d = [...filled].map((bin) => `M${bin} ${row * 6 + 1}h1v4h-1z`).join('');
        picture.append(drawn('path', { d, fill: colour, class: colour.startsWith('#') ? 'mark' : '' }));
      });
      const x = (state.place - first) / Math.max(last - first, 1) * bins;
      picture.append(drawn('rect', { id: 'cursor', x: clamp(x - 0.5, 0, bins - 1), y: 0, width: 1, height,
        fill: 'var(--ink)' }));
      picture.addEventListener('click', (event) => {
        const box = picture.getBoundingClientRect();
        go(first + 1 + Math.floor((event.clientX - box.left) / box.width * (last - first)));
      });
      byId('overview').replaceChildren(picture);
    }
    """#
}
