// The part of the page's script that knows what accesses do. It repeats `AccessHistory.State.apply`, and compares each
// version with the one that the run had, so a page that was altered says so.

extension ReplayPage {
  /// JavaScript: the history, the state after any access, and searching.
  static let walkScript = #"""
    'use strict';

    const run = JSON.parse(document.getElementById('history').textContent);
    // Accesses have the numbers first + 1 to last; at place k of the walk, k of the run's accesses have been made.
    const first = run.skipped;
    const last = first + run.accesses.process.length;
    const processCount = run.processes.length;
    const objectCount = run.objects.length;
    const copied = new Set(run.copied);

    /** The access number `number`. */
    function access(number) {
      const index = number - first - 1;
      const operation = run.operations[run.accesses.operation[index]];
      return {
        number, operation, process: run.accesses.process[index], version: run.accesses.version[index],
        update: run.accesses.update[index],
      };
    }

    /** Everything that accesses change, at some place of the walk; -1 is nobody, nothing, never. */
    class State {
      static columns = [
        'version', 'updates', 'lastWriter', 'lastWrite', 'copy', 'copyUpdates', 'loaded', 'loadedUpdates',
      ];

      constructor(place, columns) {
        this.place = place;
        for (const name of State.columns) this[name] = Int32Array.from(columns[name]);
      }

      clone() { return new State(this.place, this); }

      /** Makes the next access. */
      advance() {
        const { process, operation: { effect, first, end } } = access(++this.place);
        for (let object = first; object < end; object++) {
          const own = process * objectCount + object;
          if (effect === 'store' || effect === 'update' || effect === 'exchange') {
            const seen = this.loaded[own] < 0 ? this.copyUpdates[own] : this.loadedUpdates[own];
            this.updates[object] = (effect === 'store' ? seen : this.updates[object]) + 1;
            this.version[object]++;
            this.lastWriter[object] = process;
            this.lastWrite[object] = this.place;
            this.loaded[own] = -1;
          }
          if (effect === 'read' || effect === 'exchange') {
            this.copy[own] = this.version[object];
            this.copyUpdates[own] = this.updates[object];
          }
          if (effect === 'load') {
            this.loaded[own] = this.version[object];
            this.loadedUpdates[own] = this.updates[object];
          }
        }
      }
    }

    /** Walks the run once: states to start from, the load of every store, and what disagrees with the run. */
    function survey() {
      const distance = 512;
      const states = [];
      const partner = new Int32Array(last - first + 1);
      const pending = new Map();
      let disagreement = null;
      const state = new State(first, run.start);
      while (true) {
        if ((state.place - first) % distance === 0) states.push(state.clone());
        if (state.place === last) break;
        state.advance();
        const { number, process, version, operation } = access(state.place);
        const own = process * objectCount + operation.first;
        if (operation.effect === 'load') pending.set(own, number);
        if (operation.effect === 'store' && pending.has(own)) {
          partner[number - first] = pending.get(own);
          partner[pending.get(own) - first] = number;
          pending.delete(own);
        }
        if (disagreement === null && state.version[operation.first] !== version) {
          disagreement = { number, version, computed: state.version[operation.first], object: operation.first };
        }
      }
      return { distance, states, partner, disagreement };
    }

    const surveyed = survey();

    /** The state at a place of the walk. */
    function stateAt(place) {
      const state = surveyed.states[Math.floor((place - first) / surveyed.distance)].clone();
      while (state.place < place) state.advance();
      return state;
    }

    /** The number of the store of a load, or of the load of a store; 0 where it is not shown. */
    const partnerOf = (number) => surveyed.partner[number - first];

    /** The hazards of each access that showed some. */
    const findings = run.findings.access.map((number, index) => ({
      index, number, kind: run.findings.hazard[index], cause: run.findings.cause[index],
    }));
    const findingsAt = new Map();
    for (const finding of findings) {
      if (!findingsAt.has(finding.number)) findingsAt.set(finding.number, []);
      findingsAt.get(finding.number).push(finding);
    }

    /** What a search looks in. */
    function words(number) {
      const { process, operation, version, update } = access(number);
      const hazards = (findingsAt.get(number) ?? []).map((finding) => run.hazards[finding.kind].id);
      return [
        run.processes[process], operation.words, `version ${version}`, `update ${update}`, ...hazards,
      ].join(' | ').toLowerCase();
    }

    /** The numbers of the accesses that fit all words of a query. A word and a number after it belong together. */
    function search(query) {
      const terms = query.toLowerCase().match(/[a-z]+ \d+|\S+/g) ?? [];
      if (terms.length === 0) return [];
      const patterns = terms.map((term) => {
        const plain = term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
        return new RegExp(`(?<![a-z0-9])${plain}${/\d$/.test(term) ? '(?!\\d)' : ''}`);
      });
      const matches = [];
      for (let number = first + 1; number <= last; number++) {
        const text = words(number);
        if (patterns.every((pattern) => pattern.test(text))) matches.push(number);
      }
      return matches;
    }

    /** The least number of an ascending list that is above `number`, else undefined. */
    const nextIn = (numbers, number) => numbers.find((other) => other > number);
    /** The greatest number of an ascending list that is below `number`, else undefined. */
    const previousIn = (numbers, number) => numbers.findLast((other) => other < number);
    """#
}
