// The map beside the list: our own areas, no basemap, nothing from another host. The drawing that the server sent stays
// until this map is ready, and for good where the browser has no WebGL. Hovering and focus tie list and map together.

const COLOUR = { rising: "#c45a06", unsure: "#fdb863", concentrated: "#0b5563" };
const LAND = "#f7f9f9", LINE = "#c3ccd1", HUB = "#4c5a63", INK = "#111d24";

let library;

function loadLibrary(source, worker) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => { window.maplibregl.setWorkerUrl(worker); resolve(window.maplibregl); };
    script.onerror = reject;
    document.head.append(script);
  });
  return library;
}

const collections = new Map();

async function collection(url) {
  if (!collections.has(url)) {
    const response = await fetch(url, { headers: { Accept: "application/geo+json" } });
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    collections.set(url, await response.json());
  }
  return collections.get(url);
}

/** The listed problems that have a place: number, kind, areas, and the element that speaks of each. */
function zonesOf(page) {
  return [...page.querySelectorAll("[data-zone][data-areas]")].map((element) => ({
    number: Number(element.dataset.zone),
    kind: element.dataset.kind,
    sure: element.classList.contains("f-problem--sure") || "sure" in element.dataset,
    codes: new Set(element.dataset.areas.split(" ")),
    href: element.querySelector("a")?.href,
    element,
  }));
}

function rings(geometry) {
  if (geometry.type === "Polygon") return geometry.coordinates;
  if (geometry.type === "MultiPolygon") return geometry.coordinates.flat();
  return [];
}

/** The outline around features that share borders: the edges that only one of them has. */
function outline(features) {
  const edges = new Map();
  for (const feature of features) {
    for (const ring of rings(feature.geometry)) {
      for (let i = 1; i < ring.length; i++) {
        const a = ring[i - 1].join(), b = ring[i].join();
        const key = a < b ? `${a};${b}` : `${b};${a}`;
        if (edges.has(key)) edges.set(key, null);
        else edges.set(key, [ring[i - 1], ring[i]]);
      }
    }
  }
  return { type: "MultiLineString", coordinates: [...edges.values()].filter(Boolean) };
}

function bounds(features) {
  let west = 180, south = 90, east = -180, north = -90;
  const see = ([x, y]) => {
    west = Math.min(west, x); east = Math.max(east, x);
    south = Math.min(south, y); north = Math.max(north, y);
  };
  for (const { geometry } of features) {
    if (geometry?.type === "Point") see(geometry.coordinates);
    else for (const ring of geometry ? rings(geometry) : []) ring.forEach(see);
  }
  return [[west, south], [east, north]];
}

function centre(features) {
  const [[west, south], [east, north]] = bounds(features);
  return [(west + east) / 2, (south + north) / 2];
}

function zoneFeatures(zones, areas) {
  const fills = [], lines = [];
  for (const zone of zones) {
    const own = areas.features.filter((f) => f.geometry && zone.codes.has(f.properties.code));
    zone.features = own;
    const look = zone.kind === "rising" || zone.kind === "near-repeat" ? (zone.sure ? "rising" : "unsure") : "concentrated";
    const properties = { number: zone.number, colour: COLOUR[look], look };
    for (const f of own) fills.push({ type: "Feature", properties, geometry: f.geometry });
    lines.push({ type: "Feature", properties, geometry: outline(own) });
  }
  const pack = (features) => ({ type: "FeatureCollection", features });
  return [pack(fills), pack(lines)];
}

function tie(zone, on) {
  zone.element.classList.toggle("is-on", on);
  zone.marker?.classList.toggle("is-on", on);
}

async function draw(holder) {
  const page = holder.closest("main") ?? document;
  const zones = zonesOf(page);
  for (const zone of zones) {
    const still = holder.querySelectorAll(`.f-map__still [data-zone="${zone.number}"]`);
    const both = (on) => { tie(zone, on); still.forEach((s) => s.classList.toggle("is-on", on)); zone.show?.(on); };
    for (const [event, on] of [["mouseenter", true], ["mouseleave", false], ["focusin", true], ["focusout", false]]) {
      zone.element.addEventListener(event, () => both(on));
      still.forEach((s) => s.addEventListener(event, () => both(on)));
    }
  }

  const d = holder.dataset;
  const maplibre = await loadLibrary(d.library, d.worker);
  const [areas, hubs, labels] = await Promise.all(
    [d.areasUrl, d.hubsUrl, d.labelsUrl].map((url) => (url ? collection(url) : { features: [] })));
  const near = d.near ? new Set(d.near.split(" ")) : null;
  const [fills, lines] = zoneFeatures(zones, areas);
  const framed = near ? areas.features.filter((f) => near.has(f.properties.code)) : areas.features;

  const live = document.createElement("div");
  live.className = "f-map__live";
  holder.append(live);
  const touch = !window.matchMedia("(hover: hover)").matches;
  let map;
  try {
    map = new maplibre.Map({
      container: live,
      attributionControl: false,
      bounds: bounds(framed),
      fitBoundsOptions: { padding: 24 },
      dragRotate: false,
      pitchWithRotate: false,
      scrollZoom: false,
      dragPan: !touch,
      fadeDuration: 0,
      locale: {
        "Map.Title": d.label,
        "NavigationControl.ZoomIn": d.zoomIn,
        "NavigationControl.ZoomOut": d.zoomOut,
      },
      style: {
        version: 8,
        sources: {
          areas: { type: "geojson", data: areas },
          hubs: { type: "geojson", data: hubs },
          fills: { type: "geojson", data: fills },
          lines: { type: "geojson", data: lines },
        },
        layers: [
          { id: "paper", type: "background", paint: { "background-color": "#ffffff" } },
          { id: "land", type: "fill", source: "areas", paint: { "fill-color": LAND, "fill-outline-color": LINE } },
          { id: "points", type: "circle", source: "areas", filter: ["==", ["geometry-type"], "Point"],
            paint: { "circle-radius": 2.5, "circle-color": LINE } },
          { id: "zones", type: "fill", source: "fills", paint: { "fill-color": ["get", "colour"],
            "fill-opacity": ["match", ["get", "look"], "unsure", 0.35, "concentrated", 0.3, 0.55] } },
          { id: "zone-points", type: "circle", source: "fills", filter: ["==", ["geometry-type"], "Point"],
            paint: { "circle-radius": 6, "circle-color": ["get", "colour"], "circle-opacity": 0.75 } },
          { id: "hub-lines", type: "line", source: "hubs", paint: { "line-color": HUB, "line-width": 1.1, "line-dasharray": [3, 2] } },
          { id: "zone-lines", type: "line", source: "lines", filter: ["!=", ["get", "look"], "unsure"],
            layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": INK, "line-width": 1.6 } },
          { id: "zone-lines-unsure", type: "line", source: "lines", filter: ["==", ["get", "look"], "unsure"],
            paint: { "line-color": INK, "line-width": 1.4, "line-dasharray": [2, 1.4] } },
          { id: "zone-on", type: "line", source: "lines", filter: ["==", ["get", "number"], -1],
            layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": INK, "line-width": 4 } },
        ],
      },
    });
  } catch {
    live.remove();
    return;
  }
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibre.ScaleControl({ maxWidth: 90 }), "bottom-left");
  map.once("load", () => {
    const names = [];
    for (const place of near ? labels.features : hubs.features) {
      const label = document.createElement("span");
      label.className = near ? "f-hub f-hub--ward" : "f-hub";
      label.textContent = d.language === "cy" ? place.properties.name_cy : place.properties.name;
      label.setAttribute("aria-hidden", "true");
      const point = centre([place]);
      names.push({ label, point, pin: new maplibre.Marker({ element: label }).setLngLat(point).addTo(map) });
    }
    for (const zone of zones) {
      if (!zone.features.length) continue;
      zone.show = (on) => map.setFilter("zone-on", ["==", ["get", "number"], on ? zone.number : -1]);
      if (near) continue;
      // The list says and links the same: for the keyboard and a screen reader the marker is one too many.
      zone.marker = document.createElement("a");
      zone.marker.className = `f-number f-number--map f-number--${zone.kind}`;
      zone.marker.textContent = zone.number;
      zone.marker.href = zone.href;
      zone.marker.tabIndex = -1;
      zone.marker.setAttribute("aria-hidden", "true");
      for (const [event, on] of [["mouseenter", true], ["mouseleave", false]]) {
        zone.marker.addEventListener(event, () => { tie(zone, on); zone.show(on); });
      }
      const biggest = zone.features.reduce((a, b) => (rings(a.geometry).flat().length >= rings(b.geometry).flat().length ? a : b));
      zone.point = zone.features.length > 6 ? centre(zone.features) : centre([biggest]);
      zone.pin = new maplibre.Marker({ element: zone.marker }).setLngLat(zone.point).addTo(map);
    }
    const settle = () => { spread(map, zones); untangle(map, zones, names); };
    settle();
    map.on("zoomend", settle);
    map.on("moveend", settle);
    holder.classList.add("f-map--live");
    holder.dataset.ready = "true";
    holder.dispatchEvent(new CustomEvent("forestall:map", { bubbles: true, detail: { map, areas } }));
  });
  map.on("mousemove", "zones", (event) => {
    const number = event.features[0].properties.number;
    map.getCanvas().style.cursor = "pointer";
    for (const zone of zones) tie(zone, zone.number === number);
    zones.find((z) => z.number === number)?.show?.(true);
  });
  map.on("mouseleave", "zones", () => {
    map.getCanvas().style.cursor = "";
    for (const zone of zones) { tie(zone, false); zone.show?.(false); }
  });
  map.on("click", "zones", (event) => {
    const zone = zones.find((z) => z.number === event.features[0].properties.number);
    if (zone?.href) window.location.assign(zone.href);
  });
}

/** Pushes numbers that lie on each other apart, the same way every time. */
function spread(map, zones) {
  const pins = zones.filter((z) => z.pin).map((z) => ({ pin: z.pin, ...map.project(z.point), dx: 0, dy: 0 }));
  for (let round = 0; round < 60; round++) {
    let moved = false;
    for (let i = 0; i < pins.length; i++) {
      for (let j = i + 1; j < pins.length; j++) {
        const a = pins[i], b = pins[j];
        let x = b.x + b.dx - a.x - a.dx, y = b.y + b.dy - a.y - a.dy;
        let apart = Math.hypot(x, y);
        if (apart >= 26) continue;
        if (apart < 0.5) { const angle = (i * 7 + j * 3) % 12; x = Math.cos(angle); y = Math.sin(angle); apart = 1; }
        const push = (26 - apart) / 2 / apart;
        a.dx -= x * push; a.dy -= y * push; b.dx += x * push; b.dy += y * push;
        moved = true;
      }
    }
    if (!moved) break;
  }
  for (const p of pins) p.pin.setOffset([p.dx, p.dy]);
}

/** Moves a name beside what would cover it, or hides it: nearest to the zones first, since those tell the reader most. */
function untangle(map, zones, names) {
  const taken = zones.filter((z) => z.pin).map((z) => {
    const { x, y } = map.project(z.point), { x: dx, y: dy } = z.pin.getOffset();
    return { x: x + dx, y: y + dy, w: 26, h: 26 };
  });
  const focus = zones.flatMap((z) => (z.features.length ? [map.project(centre(z.features))] : []));
  const far = ({ x, y }) => Math.min(...focus.map((f) => Math.hypot(f.x - x, f.y - y)), 1e6);
  const box = map.getContainer().getBoundingClientRect();
  const boxes = names.map((n) => ({ ...n, ...map.project(n.point), w: n.label.offsetWidth + 4, h: n.label.offsetHeight }));
  for (const b of boxes.sort((p, q) => far(p) - far(q))) {
    const free = [[0, 0], [0, -24], [0, 24], [b.w / 2 + 16, 0], [-b.w / 2 - 16, 0], [0, -42], [0, 42]].find(([dx, dy]) => {
      const x = b.x + dx, y = b.y + dy;
      const inside = x - b.w / 2 > 0 && x + b.w / 2 < box.width && y - b.h / 2 > 0 && y + b.h / 2 < box.height;
      return inside && taken.every((t) => Math.abs(t.x - x) > (t.w + b.w) / 2 || Math.abs(t.y - y) > (t.h + b.h) / 2);
    });
    b.label.classList.toggle("f-hub--hidden", !free);
    if (!free) continue;
    b.pin.setOffset(free);
    taken.push({ x: b.x + free[0], y: b.y + free[1], w: b.w, h: b.h });
  }
}

function drawAll() {
  for (const holder of document.querySelectorAll("[data-map]:not([data-drawn])")) {
    holder.dataset.drawn = "true";
    draw(holder).catch((error) => console.warn("The drawn map stays:", error.message));
  }
}

drawAll();
document.addEventListener("htmx:afterSettle", drawAll);
