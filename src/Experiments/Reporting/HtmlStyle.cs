namespace AlpacaCot.Experiments.Reporting;

/// <summary>The page's style sheet. Series colours keep 3:1 contrast on both grounds and differ for colour-blind readers.</summary>
internal static class HtmlStyle
{
    public const string Css = """
        :root { color-scheme: light dark; --page: #f4f5f3; --card: #fff; --ink: #1d2422; --soft: #5d6865; --rule: #dfe3e0; --accent: #0f766e; --good: #15803d; --bad: #b91c1c; --warn: #b45309;
          --c0: #0f766e; --c1: #c2570c; --c2: #4757c4; --c3: #b3246b; --c4: #5b7a14; --c5: #7a4fb5; --c6: #0b78b0; --c7: #8a6d1a; }
        @media (prefers-color-scheme: dark) { :root { --page: #121615; --card: #1b2120; --ink: #e6ebe8; --soft: #9aa6a2; --rule: #313a38; --accent: #4fc0b3; --good: #5cc98a; --bad: #f2807a; --warn: #e6a23c;
          --c0: #45bfb1; --c1: #f0934e; --c2: #93a0f5; --c3: #ee7fb4; --c4: #a5c552; --c5: #bd98ee; --c6: #5cb8ea; --c7: #d8b64c; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
        main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 60px; }
        h1 { font-size: 28px; margin: 0; letter-spacing: -.01em; } h2 { font-size: 19px; margin: 0 0 4px; } h3 { font-size: 15px; margin: 18px 0 6px; }
        p { margin: 4px 0 10px; max-width: 80ch; } .soft { color: var(--soft); } code { font-size: 13px; }
        header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; margin-bottom: 6px; }
        .badge { font-size: 12px; font-weight: 600; padding: 2px 10px; border-radius: 99px; border: 1px solid currentColor; }
        .good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
        .best { font-size: 17px; margin: 10px 0 0; }
        section { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 18px 20px; margin-top: 18px; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; margin-top: 18px; }
        .tile { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 12px 16px; } .tile b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; } .tile span { color: var(--soft); font-size: 13px; }
        .charts { display: flex; flex-wrap: wrap; gap: 18px 28px; } figure { margin: 6px 0 0; max-width: 100%; min-width: 0; } .charts figure { flex: 0 1 auto; } .charts figure:has(.curve) { flex: 1 1 320px; max-width: 520px; } figcaption { font-weight: 600; font-size: 14px; margin-bottom: 2px; }
        .findings { margin: 8px 0 0; } .findings li { max-width: 90ch; }
        .plot { display: grid; grid-template-columns: fit-content(340px) minmax(0, 1fr) max-content; } .prow { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; align-items: center; column-gap: 18px; }
        .prow .name { text-align: right; font-size: 13px; line-height: 1.25; overflow-wrap: anywhere; } .prow .note { text-align: right; font-size: 12.5px; color: var(--soft); font-variant-numeric: tabular-nums; } .prow .head { grid-column: 1 / -1; color: var(--soft); font-weight: 600; font-size: 13px; padding-top: 4px; }
        .curve { display: grid; grid-template-columns: 46px minmax(0, 1fr); padding-right: 14px; }
        .heat td { min-width: 96px; text-align: center; padding: 5px 8px; border: 2px solid var(--card); border-radius: 6px; font-size: 14px; -webkit-print-color-adjust: exact; print-color-adjust: exact; } .heat td small { display: block; font-size: 11px; } .heat th { font-weight: 400; color: var(--ink); white-space: normal; overflow-wrap: anywhere; max-width: 150px; text-align: center; } .heat { width: auto; }
        .heat .ink-dark { color: #000; } .heat .ink-light { color: #fff; } .heat .empty { border: 1px dashed var(--rule); }
        .answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)); gap: 4px 18px; } .answers pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 4px 0; max-height: 320px; }
        .said { color: var(--accent); } .links a, .links span { margin-right: 6px; } a { color: var(--accent); }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13.5px; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { padding: 5px 10px; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; } th { color: var(--soft); font-weight: 600; white-space: normal; vertical-align: bottom; } th:first-child, td:first-child { text-align: left; } td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 150px; }
        .arms td { white-space: normal; } .arms td:first-child { min-width: 90px; }
        td.words { white-space: normal; text-align: left; min-width: 200px; } tbody tr:hover { background: color-mix(in srgb, var(--accent) 7%, transparent); } tr.sure td { font-weight: 600; }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; margin: 2px 0 6px; } .legend i { display: inline-block; width: 18px; height: 3px; border-radius: 2px; vertical-align: middle; margin-right: 6px; }
        details { margin-top: 10px; } summary { cursor: pointer; color: var(--accent); font-weight: 600; } pre { overflow: auto; font-size: 12.5px; max-height: 480px; background: var(--page); border-radius: 8px; padding: 12px; }
        ul { margin: 6px 0; padding-left: 20px; } li { margin: 2px 0; }
        svg { display: block; overflow: visible; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
        svg .grid { stroke: var(--rule); } svg .zero { stroke: var(--soft); stroke-dasharray: 2 2; } svg .base { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 5 3; } svg .tick, svg .caption { fill: var(--soft); font-size: 11.5px; }
        svg .bar { stroke-width: 2.5; } svg .cap { stroke-width: 2; } svg .seed { opacity: .45; } svg .dot { stroke: var(--card); stroke-width: 1.5; }
        svg .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; } svg .thin { stroke-width: 1; opacity: .38; } svg .dashed { stroke-dasharray: 6 3; }
        svg .f-c0 { fill: var(--c0); } svg .f-c1 { fill: var(--c1); } svg .f-c2 { fill: var(--c2); } svg .f-c3 { fill: var(--c3); } svg .f-c4 { fill: var(--c4); } svg .f-c5 { fill: var(--c5); } svg .f-c6 { fill: var(--c6); } svg .f-c7 { fill: var(--c7); } svg .f-tied { fill: var(--soft); }
        svg .s-c0 { stroke: var(--c0); } svg .s-c1 { stroke: var(--c1); } svg .s-c2 { stroke: var(--c2); } svg .s-c3 { stroke: var(--c3); } svg .s-c4 { stroke: var(--c4); } svg .s-c5 { stroke: var(--c5); } svg .s-c6 { stroke: var(--c6); } svg .s-c7 { stroke: var(--c7); } svg .s-tied { stroke: var(--soft); }
        @media (max-width: 640px) {
          main { padding: 16px 10px 40px; } section { padding: 14px 12px; } h1 { font-size: 23px; } .tiles { grid-template-columns: repeat(2, 1fr); }
          .plot { display: block; } .prow { grid-template-columns: minmax(0, 1fr) auto; grid-template-areas: "name note" "track track"; padding: 0 14px; } .prow .name { grid-area: name; text-align: left; } .prow .note { grid-area: note; } .prow .track { grid-area: track; }
          td.words { min-width: 140px; overflow-wrap: anywhere; } th, td { padding: 4px 6px; } .heat td { min-width: 84px; padding: 4px; }
        }
        @media print { body { background: #fff; } section, .tile { break-inside: avoid; } details { display: none; } }
        """;
}
