// Handing tubes over: scan tubes or a box, count by hand, both names, done. Labels and counts only, nobody's name is here
// but those of the two who hand over.

const KEPT = "courier.load";
const OURS = ["waiting", "sent", "accepted"];

// Of the labels that Lianfang prints we know by their form that they are tubes.
const OUR_LABEL = /^[A-Z][A-Z0-9]{0,7}-[0-9]{6}[A-Z0-9]$/;
const tidy = (text) => text.replace(/[！-～]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0)).replace(/\s+/g, "").toUpperCase();

export default {
  name: "courier", roles: ["courier", "sampler"], title: "field_courier.title", icon: "truck-delivery", lead: "field_courier.lead",
  kinds: {
    "tubes.handed": (item, core) => core.t("field_courier.told", { count: (item.body.tubes || []).length, from: item.body.from || "", to: item.body.to || "" }),
  },

  async open(root, core) {
    const { h, t, icon } = core;
    let load = { tubes: [], box: "", other: "", laboratory: "", counted: "" }, tubes = new Map(), overs = [], hasPackage = false;
    const isCourier = core.device.role === "courier";

    const refresh = async () => {
      const content = await core.package("courier");
      hasPackage = Boolean(content);
      tubes = new Map(((content && content.tubes) || []).map((tube) => [tube.code, { ...tube }]));
      for (const item of core.items({ states: OURS })) {
        const body = item.body;
        if (item.kind === "tube.opened" && !tubes.has(body.code)) tubes.set(body.code, { code: body.code, state: "open" });
        if (item.kind === "tube.sealed") tubes.set(body.tube, { ...(tubes.get(body.tube) || { code: body.tube }), state: "sealed", counted: body.counted });
        if (item.kind === "tubes.handed") for (const code of body.tubes || []) tubes.set(code, { ...(tubes.get(code) || { code }), state: "handed_over" });
      }
      const own = core.items({ kind: "tubes.handed" }).map((item) => ({ at: item.happened_at, from: item.body.from, to: item.body.to, tubes: item.body.tubes.length, box: item.body.box, state: item.state, ref: item.answer && item.answer.refs && item.answer.refs.hand_over }));
      const known = new Set(own.map((one) => one.ref).filter(Boolean));
      overs = [...own.reverse(), ...((content && content.hand_overs) || []).filter((one) => !known.has(one.id))];
      const kept = await core.kept(KEPT);
      if (kept) load = { ...load, ...kept };
    };
    const set = async (change) => { load = { ...load, ...change }; await core.keep(KEPT, load); draw(); };

    const heard = async (text) => {
      const code = tidy(text || "");
      if (!code) return;
      const inBox = [...tubes.values()].filter((tube) => tube.box === code && tube.state === "sealed").map((tube) => tube.code);
      if (inBox.length) { await set({ box: code, tubes: [...new Set([...load.tubes, ...inBox])] }); core.tell(t("field_courier.box_added", { box: code, count: inBox.length }), "good"); return; }
      if (load.tubes.includes(code)) { core.tell(t("field_courier.twice", { code }), "info"); return; }
      const tube = tubes.get(code);
      if (tube && tube.state === "handed_over") { core.tell(t("field_courier.gone", { code }), "bad"); return; }
      if (!tube && (hasPackage || !OUR_LABEL.test(code))) {
        const answer = await core.ask({ title: code, tone: "warn", lines: [t("field_courier.unknown_text")], choices: [
          { value: "tube", label: t("field_courier.is_tube"), icon: "test-pipe" }, { value: "box", label: t("field_courier.is_box"), icon: "box" }] });
        if (!answer) return;
        if (answer.value === "box") { await set({ box: code }); return; }
      }
      if (navigator.vibrate) navigator.vibrate(40);
      await set({ tubes: [...load.tubes, code] });
    };

    const scan = async () => { for (let text = await core.scan({ title: t("field_courier.scan") }); text; text = await core.scan({ title: t("field_courier.scan_next", { count: load.tubes.length }) })) await heard(text); };

    let trouble = null;
    const no = (text) => { if (trouble) trouble(); trouble = core.tell(text, "bad"); };
    const hand = async () => {
      const counted = Number(load.counted), other = load.other.trim();
      if (!load.tubes.length) { no(t("field_courier.none_yet")); return; }
      if (!load.counted.trim() || counted !== load.tubes.length) { no(t("field_courier.count_differs", { counted: load.counted || "–", scanned: load.tubes.length })); return; }
      if (!other || other === core.device.holder) { no(t("field_courier.both_names")); return; }
      if (trouble) trouble();
      const [from, to] = isCourier ? [other, core.device.holder] : [core.device.holder, other];
      const open = load.tubes.filter((code) => (tubes.get(code) || {}).state !== "sealed");
      const answer = await core.ask({ title: t("field_courier.sure", { count: counted }), tone: open.length ? "warn" : "",
        lines: [t("field_courier.sure_text", { from, to }), open.length ? t("field_courier.open_text", { codes: open.slice(0, 5).join(" "), count: open.length }) : ""].filter(Boolean),
        choices: [{ value: "go", label: t("field_courier.hand"), icon: "check" }] });
      if (!answer) return;
      await core.record("tubes.handed", { tubes: load.tubes, from, to, counted, ...(load.box ? { box: load.box } : {}), ...(load.laboratory ? { laboratory: load.laboratory } : {}) });
      load = { tubes: [], box: "", other: load.other, laboratory: load.laboratory, counted: "" };
      await core.keep(KEPT, load);
      await refresh();
      draw();
      core.say(t("field_courier.done", { count: counted }), { tone: "good", lead: `${from} → ${to}` });
    };

    const field = (name, label, more = {}) => h("label", { class: "form-label" }, t(label), h("input", { class: "form-control", name, value: load[name], autocomplete: "off", maxlength: 80, ...more,
      oninput: (event) => { load[name] = event.target.value; core.keep(KEPT, load); mark(); } }));
    const mark = () => {
      const at = root.querySelector("[data-check]");
      if (!at) return;
      const counted = load.counted.trim(), fits = counted !== "" && Number(counted) === load.tubes.length;
      at.className = `f-why lf-tone-${counted === "" ? "quiet" : fits ? "good" : "bad"}`;
      at.dataset.check = counted === "" ? "none" : fits ? "fits" : "differs";
      core.fill(at, icon(fits ? "circle-check" : counted === "" ? "circle" : "alert-octagon"), t(counted === "" ? "field_courier.count_hint" : fits ? "field_courier.count_fits" : "field_courier.count_differs", { counted, scanned: load.tubes.length }));
    };

    const row = (code) => {
      const tube = tubes.get(code), state = tube ? tube.state : "unknown", tone = state === "sealed" ? "good" : "warn";
      return h("li", { class: "f-row", dataset: { tube: code } }, h("span", { class: "f-row-main" }, h("b", {}, code), h("span", { class: "f-fine" }, [tube && tube.team, tube && tube.counted ? t("field_courier.swabs", { count: tube.counted }) : ""].filter(Boolean).join(" · "))),
        h("span", { class: "f-row-side" }, h("span", { class: `badge lf-tone-${tone}` }, t(`field_courier.state.${state}`)),
          h("button", { type: "button", class: "f-plain", "aria-label": t("field_courier.remove", { code }), onclick: () => set({ tubes: load.tubes.filter((one) => one !== code) }) }, icon("x"))));
    };

    const draw = () => {
      const ready = [...tubes.values()].filter((tube) => tube.state === "sealed" && !load.tubes.includes(tube.code));
      const swabs = load.tubes.reduce((sum, code) => sum + ((tubes.get(code) || {}).counted || 0), 0), y = root.isConnected ? scrollY : 0;
      core.fill(root, h("h1", {}, t("field_courier.title")),
        h("div", { class: "card card-body f-sums" }, big(load.tubes.length, "field_courier.scanned"), big(swabs, "field_courier.swabs_sum"), big(ready.length, "field_courier.ready")),
        h("button", { type: "button", class: "btn btn-primary btn-block f-huge", dataset: { scan: "1" }, onclick: scan }, icon("scan"), t("field_courier.scan")),
        load.tubes.length ? h("ul", { class: "f-list" }, load.tubes.slice().reverse().map(row)) : h("p", { class: "f-empty" }, t("field_courier.none_yet")),
        ready.length ? h("details", { class: "f-more" }, h("summary", {}, t("field_courier.ready_list", { count: ready.length })),
          h("ul", { class: "f-list" }, ready.slice(0, 100).map((tube) => h("li", {}, h("button", { type: "button", class: "f-row", dataset: { ready: tube.code }, onclick: () => set({ tubes: [...load.tubes, tube.code] }) },
            h("span", { class: "f-row-main" }, h("b", {}, tube.code), h("span", { class: "f-fine" }, [tube.team, tube.box, t("field_courier.swabs", { count: tube.counted || 0 })].filter(Boolean).join(" · "))), h("span", { class: "f-row-side" }, icon("plus"))))))) : null,
        load.tubes.length ? h("section", { class: "card card-body" },
          field("counted", "field_courier.counted", { inputmode: "numeric", maxlength: 4 }), h("p", { class: "f-why lf-tone-quiet", dataset: { check: "" } }),
          field("box", "field_courier.box", { maxlength: 30 }),
          h("p", {}, h("span", { class: "f-fine" }, t(isCourier ? "field_courier.taken_by" : "field_courier.given_by")), " ", h("b", {}, core.device.holder)),
          field("other", isCourier ? "field_courier.given_by" : "field_courier.taken_by"), field("laboratory", "field_courier.laboratory"),
          h("button", { type: "button", class: "btn btn-primary btn-block f-huge", dataset: { hand: "1" }, onclick: hand }, icon("check"), t("field_courier.hand"))) : null,
        overs.length ? [h("h2", {}, t("field_courier.today")), h("ul", { class: "f-list" }, overs.slice(0, 30).map((one) => h("li", { class: "f-row" },
          h("span", { class: "f-row-main" }, h("b", {}, `${one.from || "–"} → ${one.to}`), h("span", { class: "f-fine" }, [core.time(new Date(one.at)), one.box].filter(Boolean).join(" · "))),
          h("span", { class: "f-row-side" }, one.state ? h("span", { class: `badge lf-tone-${one.state === "accepted" ? "good" : one.state === "refused" ? "bad" : "warn"}` }, t(`field_app.state.${one.state}`)) : null, t("field_courier.tubes", { count: one.tubes })))))] : null);
      mark();
      if (y) scrollTo(0, y);
    };
    const big = (count, key) => h("span", {}, h("b", { class: "f-big" }, String(count)), h("small", {}, t(key)));

    await refresh();
    draw();
    core.onScan((text) => heard(text));
    core.onChange(async (what) => {
      if (what !== "items" && what !== "packages") return;
      const typing = root.contains(document.activeElement) && document.activeElement.tagName === "INPUT";
      await refresh();
      if (!typing) draw();
    });
  },
  close() {},
};
