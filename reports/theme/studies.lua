-- Fill the front page's list of studies from _studies.html beside the page, where stage has left it.
-- Without it (a fresh clone) the page keeps the sentence that was written there.
function Div(block)
  if not block.classes:includes("studies") then
    return nil
  end
  local folder = pandoc.path.directory(quarto.doc.input_file)
  local file = io.open(pandoc.path.join({ folder, "_studies.html" }), "r")
  if not file then
    return nil
  end
  local html = file:read("a")
  file:close()
  return pandoc.RawBlock("html", html)
end

-- Link the Chinese letters, where stage has left them.
function Meta()
  local sheet = quarto.utils.resolve_path("han.css")
  local file = io.open(sheet, "r")
  if not file then
    return nil
  end
  file:close()
  quarto.doc.add_html_dependency({ name = "workbench-han", version = "1", stylesheets = { sheet } })
  -- Where Chromium had to wait for a font it keeps empty boxes, even once the font is loaded;
  -- another way of rendering text makes it lay the text out anew.
  quarto.doc.include_text("before-body", [[<script>
document.fonts && document.fonts.load('1em "Workbench Han"', "客").then(function () {
  document.documentElement.style.textRendering = "optimizeLegibility";
});
</script>]])
  return nil
end
