// Choosing where a plan is about by a click on the map. The list beside it says the same, and is all that is needed.
document.addEventListener("forestall:map", ({ target, detail: { map, areas } }) => {
  const select = document.getElementById(target.dataset.chooses);
  if (!select) return;
  map.addSource("chosen", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addLayer({ id: "chosen", type: "fill", source: "chosen", paint: { "fill-color": "#0b5563", "fill-opacity": 0.5 } });
  const show = () => {
    const features = areas.features.filter((f) => f.properties.code === select.value);
    map.getSource("chosen").setData({ type: "FeatureCollection", features });
  };
  map.on("mousemove", "land", () => { map.getCanvas().style.cursor = "crosshair"; });
  map.on("click", "land", (event) => {
    const { code, name, name_cy: welsh } = event.features[0].properties;
    let option = [...select.options].find((o) => o.value === code);
    if (!option) {
      option = new Option(target.dataset.language === "cy" && welsh ? welsh : name, code);
      select.add(option, 1);
    }
    select.value = code;
    show();
  });
  select.addEventListener("change", show);
  show();
});
