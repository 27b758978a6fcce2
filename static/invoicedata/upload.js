// Sends the chosen or dropped files one after the other, each with its own progress and answer.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const form = document.getElementById("upload");
    if (!form) return;
    const drop = document.getElementById("drop");
    const input = document.getElementById("file");
    const list = document.getElementById("uploads");
    let queue = Promise.resolve();

    const add = (files) => {
        for (const file of files) {
            const row = addRow(list, file.name);
            queue = queue.then(() => send(form, file, row));
        }
        input.value = "";
    };
    input.addEventListener("change", () => add(input.files));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (input.files.length) add(input.files);
        else input.click();
    });
    for (const name of ["dragenter", "dragover"]) {
        drop.addEventListener(name, (event) => {
            event.preventDefault();
            drop.classList.add("over");
        });
    }
    for (const name of ["dragleave", "drop"]) {
        drop.addEventListener(name, () => drop.classList.remove("over"));
    }
    drop.addEventListener("drop", (event) => {
        event.preventDefault();
        add(event.dataTransfer.files);
    });
});

function addRow(list, name) {
    const row = document.createElement("li");
    const label = document.createElement("span");
    label.className = "name";
    label.textContent = name;
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.value = 0;
    const answer = document.createElement("span");
    answer.textContent = "waiting";
    row.append(label, progress, answer);
    list.append(row);
    return { progress, answer };
}

function send(form, file, row) {
    return new Promise((resolve) => {
        const body = new FormData(form);
        body.delete("file");
        body.append("file", file);
        const request = new XMLHttpRequest();
        request.open("POST", form.action);
        request.setRequestHeader("Accept", "application/json");
        request.responseType = "json";
        request.upload.addEventListener("progress", (event) => {
            if (event.lengthComputable) row.progress.value = event.loaded / event.total;
        });
        request.addEventListener("loadend", () => {
            row.progress.value = 1;
            show(row.answer, request);
            resolve();
        });
        row.answer.textContent = "sending";
        request.send(body);
    });
}

function show(answer, request) {
    const result = request.response && request.response.files && request.response.files[0];
    answer.textContent = "";
    const pill = document.createElement("span");
    const failed = !result || result.error;
    pill.className = failed ? "pill pill-bad" : "pill pill-ok";
    if (failed) {
        pill.textContent = "not taken";
        const reason = request.status === 0 ? "The server could not be reached." : `The server refused it (${request.status}).`;
        answer.append(pill, ` ${(result && result.error) || reason}`);
        return;
    }
    pill.textContent = result.message;
    const link = document.createElement("a");
    link.href = result.url;
    link.textContent = "open";
    answer.append(pill, " ", link);
}
