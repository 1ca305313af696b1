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
        .charts { display: flex; flex-wrap: wrap; gap: 18px 28px; } figure { margin: 6px 0 0; max-width: 100%; overflow-x: auto; } figcaption { font-weight: 600; font-size: 14px; margin-bottom: 2px; }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13.5px; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { padding: 5px 10px; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; } th { color: var(--soft); font-weight: 600; white-space: normal; vertical-align: bottom; } th:first-child, td:first-child { text-align: left; }
        td.words { white-space: normal; text-align: left; min-width: 200px; } tbody tr:hover { background: color-mix(in srgb, var(--accent) 7%, transparent); } tr.sure td { font-weight: 600; }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px; margin: 2px 0 6px; } .legend i { display: inline-block; width: 18px; height: 3px; border-radius: 2px; vertical-align: middle; margin-right: 6px; }
        details { margin-top: 10px; } summary { cursor: pointer; color: var(--accent); font-weight: 600; } pre { overflow: auto; font-size: 12.5px; max-height: 480px; background: var(--page); border-radius: 8px; padding: 12px; }
        ul { margin: 6px 0; padding-left: 20px; } li { margin: 2px 0; }
        svg { display: block; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
        svg .grid { stroke: var(--rule); } svg .zero { stroke: var(--soft); stroke-dasharray: 4 3; } svg .tick { fill: var(--soft); font-size: 11.5px; } svg .label { fill: var(--ink); } svg .head { fill: var(--soft); font-weight: 600; }
        svg .bar { stroke-width: 2.5; } svg .cap { stroke-width: 2; } svg .seed { opacity: .45; } svg .dot { stroke: var(--card); stroke-width: 1.5; }
        svg .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; } svg .thin { stroke-width: 1; opacity: .38; } svg .dashed { stroke-dasharray: 6 3; }
        svg .value { font-size: 14px; font-weight: 600; } svg .small { font-size: 11px; } svg .ink-dark { fill: #14302f; } svg .ink-light { fill: #fff; } svg .empty { fill: none; stroke: var(--rule); stroke-dasharray: 3 3; }
        svg .f-c0 { fill: var(--c0); } svg .f-c1 { fill: var(--c1); } svg .f-c2 { fill: var(--c2); } svg .f-c3 { fill: var(--c3); } svg .f-c4 { fill: var(--c4); } svg .f-c5 { fill: var(--c5); } svg .f-c6 { fill: var(--c6); } svg .f-c7 { fill: var(--c7); } svg .f-tied { fill: var(--soft); }
        svg .s-c0 { stroke: var(--c0); } svg .s-c1 { stroke: var(--c1); } svg .s-c2 { stroke: var(--c2); } svg .s-c3 { stroke: var(--c3); } svg .s-c4 { stroke: var(--c4); } svg .s-c5 { stroke: var(--c5); } svg .s-c6 { stroke: var(--c6); } svg .s-c7 { stroke: var(--c7); } svg .s-tied { stroke: var(--soft); }
        @media print { body { background: #fff; } section, .tile { break-inside: avoid; } details { display: none; } }
        """;
}
