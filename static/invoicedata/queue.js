// The queue: one box ticks all.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const all = document.getElementById("all");
    if (!all) return;
    all.addEventListener("change", () => {
        for (const box of document.querySelectorAll("input[name=invoice]")) box.checked = all.checked;
    });
});
