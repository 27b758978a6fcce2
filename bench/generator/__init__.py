"""Makes documents to measure and train the reader with: what is printed on them is known. See docs/reading.md.

    catalogue ─▶ draw ─▶ printing ─▶ browser ─▶ truth      ─▶ damage ─▶ files and truth.jsonl
    data and     a paper's           HTML and    what the      scans and
    layouts      content             PDF         page prints   photos

Layouts are data (`layouts/*.html`), and so are words, goods, names and places (`data/*.toml`). Nothing here knows how
the reader works. The same seed gives the same contents; how they look depends on the fonts that are installed.
"""
