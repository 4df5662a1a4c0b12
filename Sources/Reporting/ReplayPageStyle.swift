// How the page that walks a run looks: on a desk and on a telephone, light, dark and printed.

extension ReplayPage {
  /// The style sheet. Colours of accesses are the timeline's; those of hazards stand in the data.
  static let style = #"""
    :root {
      --paper: #fff; --panel: #f6f8fb; --ink: #0f172a; --faint: #56637a; --rule: #dce3ec; --accent: #0b5cad;
      --band: #fff3c4; --alarm: #b3261e; --alarm-paper: #fde8e6; --stale: 232, 150, 0;
      --read: #56b4e9; --load: #f7d9a0; --store: #e69f00; --update: #e69f00; --exchange: #2fb48e; --lock: #94a3b8;
      --part: #f0c75e;
      --on-access: #0f172a; font-size: 15px;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #0f141b; --panel: #18202b; --ink: #e6ebf2; --faint: #9fadc1; --rule: #2c3847; --accent: #78b7ff;
        --band: #3d3715; --alarm: #ff9d94; --alarm-paper: #46201d; --stale: 230, 150, 20;
        --read: #3f8fbd; --load: #8f7a4f; --store: #d99613; --update: #d99613; --exchange: #279a79; --lock: #64748b;
        --part: #b08a2e;
        --on-access: #0a0e14;
      }
      .mark { filter: invert(1) hue-rotate(180deg); }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; padding: 1.2rem clamp(.8rem, 3vw, 2.2rem) 3rem; max-width: 1500px; background: var(--paper);
      color: var(--ink); font-family: system-ui, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; line-height: 1.45;
    }
    h1 { font-size: 1.35rem; margin: 0 0 .2rem; line-height: 1.25; }
    h2 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
    small { font-weight: 400; color: var(--faint); font-size: .85rem; }
    p { margin: .3rem 0; }
    code, kbd, .n { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .87em; }
    kbd { border: 1px solid var(--rule); border-bottom-width: 2px; border-radius: 4px; padding: 0 .35em; }
    #window { color: var(--faint); }
    .command { display: flex; gap: .5rem; align-items: baseline; flex-wrap: wrap; }
    .command code { overflow-wrap: anywhere; }
    .warning { background: var(--alarm-paper); color: var(--alarm); padding: .5rem .8rem; border-radius: 6px; }
    [hidden] { display: none !important; }

    button, input, select {
      font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--rule); border-radius: 6px;
      padding: .25rem .6rem; min-height: 2.1rem;
    }
    button { cursor: pointer; }
    button:hover { border-color: var(--accent); }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    button.quiet { min-height: 0; padding: 0 .5rem; font-size: .8rem; color: var(--faint); }
    button.link {
      border: 0; background: none; padding: 0; min-height: 0; color: var(--accent); text-decoration: underline;
      text-underline-offset: 2px;
    }
    label { color: var(--faint); white-space: nowrap; }
    label input, label select { color: var(--ink); }
    input[type=number] { width: 8.5rem; }
    input[type=search] { width: min(19rem, 62vw); }
    #controls {
      position: sticky; top: 0; z-index: 3; margin: .8rem 0; padding: .6rem .8rem .7rem; background: var(--panel);
      border: 1px solid var(--rule); border-radius: 10px;
    }
    #overview svg { display: block; width: 100%; cursor: pointer; }
    #slider { width: 100%; margin: .1rem 0 .4rem; padding: 0; min-height: 1.4rem; border: 0; background: none;
      accent-color: var(--accent); }
    .row { display: flex; flex-wrap: wrap; gap: .45rem .9rem; align-items: center; }
    .group { display: flex; gap: .25rem; }
    #searchForm { display: flex; gap: .5rem; align-items: center; flex-wrap: wrap; }
    #matches { color: var(--faint); min-width: 5.5rem; }
    #play { min-width: 4.2rem; }

    #now { min-height: 5.6rem; padding: .1rem 0; }
    #now .what { font-size: 1.2rem; font-weight: 600; }
    #now .what .n { font-weight: 400; color: var(--faint); font-size: .95rem; margin-right: .6rem; }
    #now .facts { color: var(--faint); }
    #now .hazard { color: var(--alarm); font-weight: 600; }
    #now .hazard span { font-weight: 400; color: var(--ink); }
    svg.mark { width: 14px; height: 14px; vertical-align: -2px; margin-right: .35rem; overflow: visible; }

    .wide { overflow-x: auto; }
    #lanes svg { display: block; cursor: pointer; max-width: 100%; height: auto; }
    #lanes text { font-size: 11px; fill: var(--ink); font-family: inherit; }
    #lanes .faint { fill: var(--faint); }
    #lanes .name { font-size: 12px; }
    #lanes .cell { stroke: var(--paper); stroke-width: 1; }
    #lanes .later { opacity: .3; }
    #lanes .object { fill: var(--on-access); text-anchor: middle; pointer-events: none; font-size: 10px; }
    #lanes .gap { stroke: var(--store); stroke-width: 3; }
    #lanes .gap.lost { stroke: var(--alarm); stroke-dasharray: 3 2; }
    #lanes .arrow { fill: none; stroke: var(--alarm); stroke-width: 1.4; opacity: .55; }
    #lanes .arrow.here { stroke-width: 2.4; opacity: 1; }
    #lanes .head { fill: var(--alarm); }
    #lanes .match { fill: var(--accent); }
    .legend { color: var(--faint); font-size: .85rem; }
    .swatch { display: inline-block; width: .8rem; height: .8rem; border-radius: 3px; vertical-align: -1px;
      margin: 0 .3rem 0 .9rem; }
    .swatch:first-child { margin-left: 0; }

    table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .87rem; }
    th, td { padding: .18rem .55rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
    th { font-weight: 600; }
    thead th { color: var(--faint); font-weight: 500; vertical-align: bottom; }
    tbody th, .left { text-align: left; }
    #state tbody th, #state thead th:first-child, #state tfoot th { position: sticky; left: 0; background: var(--paper);
      text-align: left; z-index: 1; }
    #state .here, #state tr.touched > * { background: var(--band); }
    #state thead .copy { white-space: normal; }
    #state td small { color: inherit; opacity: .8; padding-left: .2em; }
    .badge { display: inline-block; min-width: 1.5em; padding: 0 .25em; margin-right: .45em; border-radius: 4px;
      background: var(--panel); color: var(--faint); text-align: center; font-weight: 400; font-size: .8rem; }
    .loaded { outline: 2px solid var(--store); outline-offset: -2px; border-radius: 4px; padding: 0 .3em; }
    .loaded.doomed { outline-color: var(--alarm); color: var(--alarm); }
    #hazards tr.here > * { background: var(--band); }
    #kinds button[aria-pressed=false] { opacity: .5; text-decoration: line-through; }
    #kinds { margin-bottom: .5rem; }
    details { margin-top: 1.6rem; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
    dd { margin: 0; }

    @media (max-width: 640px) {
      :root { font-size: 14px; }
      #controls { position: static; padding: .5rem; }
      th, td { padding: .16rem .35rem; }
      #now .what .n { display: block; }
    }
    @media print {
      @page { size: A4 landscape; margin: 11mm; }
      :root { font-size: 11px; }
      body { padding: 0; max-width: none; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      #controls .row, #slider, button.quiet, #keys, #kinds { display: none; }
      #controls { position: static; border: 0; padding: 0; background: none; }
      #now { min-height: 0; }
      .wide { overflow: visible; }
      #lanes svg { width: 100%; max-height: 66mm; }
      button.link { color: inherit; text-decoration: none; }
      section { break-inside: avoid; }
      section:has(#hazards) { break-inside: auto; }
      tr { break-inside: avoid; }
      th, td { padding: .06rem .45rem; }
      h2 { margin: .5rem 0 .2rem; }
      p { margin: .1rem 0; }
      #hazardsBox { columns: 2; }
      thead { display: table-header-group; }
    }
    """#
}
