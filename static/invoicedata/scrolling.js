// What is wider than the screen can be scrolled by keyboard, in every browser (WCAG 2.1.1).

for (const area of document.querySelectorAll(".scroll, .results, .inline-group, .values")) {
    if (area.scrollWidth > area.clientWidth) area.tabIndex = 0;
}
