// What stands in the page that walks a run, before its script fills it in.

extension ReplayPage {
  /// The body between the heading and the data.
  static let markup = #"""
    <noscript><p class="warning">This page walks a run with the help of its own script. Allow it to run.</p></noscript>
    <p id="warning" class="warning" role="alert" hidden></p>
    <p id="window"></p>
    <p class="command"><code id="command"></code><button type="button" id="copy" class="quiet">copy</button></p>

    <section id="controls" aria-label="Walk the run">
    <div id="overview" role="img" aria-label="Where hazards and matches are in the accesses shown"></div>
    <input type="range" id="slider" aria-label="Access" step="1">
    <div class="row">
    <div class="group" role="group" aria-label="Accesses">
    <button type="button" id="first" title="first access (Home)" aria-label="first access">⇤</button>
    <button type="button" id="back" title="one access back (←)" aria-label="one access back">←</button>
    <button type="button" id="play" title="play (space)" aria-pressed="false">play</button>
    <button type="button" id="forth" title="one access on (→)" aria-label="one access on">→</button>
    <button type="button" id="end" title="last access (End)" aria-label="last access">⇥</button>
    </div>
    <label>access <input type="number" id="number" step="1"></label>
    <div class="group" role="group" aria-label="Hazards">
    <button type="button" id="previousHazard" title="previous hazard (p)">‹ hazard</button>
    <button type="button" id="nextHazard" title="next hazard (n)">hazard ›</button>
    </div>
    <form id="searchForm" role="search">
    <label>search <input type="search" id="search" placeholder="worker 3 store lost-update" autocomplete="off"
    spellcheck="false"></label>
    <output id="matches" for="search"></output>
    </form>
    <label>speed <select id="speed">
    <option value="2">2/s</option><option value="8" selected>8/s</option><option value="40">40/s</option>
    </select></label>
    <div class="group" role="group" aria-label="Scale of the lanes">
    <button type="button" id="narrower" title="more accesses (−)" aria-label="show more accesses">−</button>
    <button type="button" id="wider" title="fewer accesses (+)" aria-label="show fewer accesses">+</button>
    </div>
    </div>
    </section>

    <section id="now" aria-live="polite" aria-label="This access"></section>

    <section aria-labelledby="lanesHeading">
    <h2 id="lanesHeading">Who does what <small id="lanesNote"></small></h2>
    <div id="lanes" role="img"></div>
    <p class="legend" id="legend"></p>
    </section>

    <section aria-labelledby="stateHeading">
    <h2 id="stateHeading">State <small id="stateNote"></small></h2>
    <div class="wide" tabindex="0" role="region" aria-labelledby="stateHeading"><table id="state"></table></div>
    <p class="legend">An object with fewer updates in it than its version says has lost the others. A number under a
    name is the version of that one's copy, and how many versions that is behind. <span class="loaded">4…</span> has
    loaded version 4 and not stored yet; <span class="loaded doomed">4…</span> will overwrite what was stored since.</p>
    </section>

    <section aria-labelledby="hazardsHeading">
    <h2 id="hazardsHeading">Hazards <small id="hazardsNote"></small></h2>
    <div id="kinds" class="row" role="group" aria-label="Kinds of hazards to stop at"></div>
    <div id="hazardsBox" class="wide" tabindex="0" role="region" aria-labelledby="hazardsHeading">
    <table id="hazards"></table></div>
    </section>

    <details id="keys"><summary>Keys</summary>
    <dl>
    <dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>one access back, on; with <kbd>shift</kbd> ten</dd>
    <dt><kbd>n</kbd> <kbd>p</kbd></dt><dd>next, previous hazard</dd>
    <dt><kbd>Home</kbd> <kbd>End</kbd></dt><dd>before the first access, after the last</dd>
    <dt><kbd>/</kbd></dt><dd>search; then <kbd>Enter</kbd> next match, <kbd>shift</kbd> <kbd>Enter</kbd> previous,
    <kbd>Esc</kbd> leave</dd>
    <dt><kbd>space</kbd></dt><dd>play, stop</dd>
    <dt><kbd>+</kbd> <kbd>−</kbd></dt><dd>fewer, more accesses in the lanes</dd>
    </dl>
    <p>A search has words: a worker, an object, what is done, a hazard, <code>version 12</code>; all must fit. A number
    alone goes to that access. The address of the page has the place, so it can be sent.</p>
    </details>
    """#
}
