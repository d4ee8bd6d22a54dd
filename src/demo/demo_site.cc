#include "demo/demo_site.h"

#include <cstdio>
#include <tuple>

#include "base/hash.h"
#include "wire/json_writer.h"

namespace weir::demo {
namespace {

constexpr std::string_view page = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weir demo origin</title>
<link rel="stylesheet" href="/styles.css">
<link rel="icon" href="/images/mark.svg">
</head>
<body>
<header>
<img src="/images/mark.svg" alt="" width="72" height="72">
<div><h1>It runs.</h1>
<p>You see this page through the edge. The site behind it is Weir's built-in demo origin: real
answers over a real socket, some of them well-behaved.</p></div>
</header>
<main>
<section><h2>Kept</h2><p>With validators and lifetimes, so that a cache has something to do.</p>
<ul>
<li><a href="/styles.css">/styles.css</a> the style of this page</li>
<li><a href="/images/small.svg">small.svg</a>, <a href="/images/medium.svg">medium.svg</a>,
<a href="/images/large.svg">large.svg</a> a few KiB to a few hundred</li>
<li><a href="/images/gradient.png">gradient.png</a> 192 KiB of bytes</li>
</ul></section>
<section><h2>API</h2>
<ul>
<li><a href="/api/time">/api/time</a> never the same twice</li>
<li><a href="/api/products">/api/products</a> good for a minute</li>
<li><a href="/api/echo">/api/echo</a> your headers as they arrived; POST to it and the body comes
back while it is sent</li>
</ul></section>
<section><h2>Slow and long</h2>
<ul>
<li><a href="/stream">/stream</a> a line every 100 ms for 5 s</li>
<li><a href="/slow?ms=2000">/slow?ms=2000</a> thinks first, 30 s at most</li>
<li><a href="/large?bytes=10485760">/large?bytes=10485760</a> up to 1 GiB, as fast as you take
it</li>
</ul></section>
<section><h2>Every kind of answer</h2>
<ul>
<li><a href="/status/404">/status/404</a>, <a href="/status/503">/status/503</a> any from 200 to
599</li>
<li><a href="/early-hints">/early-hints</a> 103, then 200</li>
<li><a href="/fail/reset">/fail/reset</a> breaks the connection inside the body</li>
<li><a href="/fail/short">/fail/short</a> promises more than it sends</li>
</ul></section>
<section class="wide"><h2>From a terminal</h2>
<pre>curl -i  localhost:8080/
curl -N  localhost:8080/stream
curl -d 'hello' localhost:8080/api/echo
weir load http --url http://127.0.0.1:8080/ --rate 1000</pre></section>
</main>
<footer><img src="/images/gradient.png" alt="" width="256" height="24"></footer>
</body>
</html>
)";

constexpr std::string_view style = R"(:root {
  --ink: #17324d; --soft: #52708c; --paper: #f6f9fb; --card: #fff; --line: #dbe5ec; --accent: #0b7a75;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e5eef5; --soft: #9db4c7; --paper: #0f1a24; --card: #172633; --line: #26394a;
          --accent: #4fd1c5; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem; background: var(--paper);
       color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
header { display: flex; gap: 1.25rem; align-items: center; margin-bottom: 1.5rem; }
h1 { margin: 0; font-size: 2.2rem; letter-spacing: -.02em; }
h2 { margin: 0 0 .4rem; font-size: 1.05rem; color: var(--accent); }
header p, section p { margin: .3rem 0; color: var(--soft); }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
          padding: 1rem 1.2rem; }
.wide { grid-column: 1 / -1; }
ul { margin: .4rem 0 0; padding-left: 1.1rem; }
a { color: var(--accent); }
pre { margin: 0; overflow-x: auto; font: .9rem/1.5 ui-monospace, monospace; }
footer { margin-top: 1.5rem; text-align: center; }
footer img { border-radius: .5rem; object-fit: cover; opacity: .8; }
)";

constexpr std::string_view mark =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72"><rect width="72" height="72" rx="16"
fill="#0b7a75"/><path d="M10 28q13-10 26 0t26 0M10 42q13-10 26 0t26 0" fill="none" stroke="#fff"
stroke-width="5" stroke-linecap="round"/><path d="M36 14v44" stroke="#9fe3dc" stroke-width="5"
stroke-linecap="round"/></svg>
)";

// Waves, `count` of them: about 100 bytes each.
std::string make_waves(uint32_t count) {
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 400\">"
      "<rect width=\"800\" height=\"400\" fill=\"#f6f9fb\"/>\n";
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t y = 20 + i * 360 / count;
    const uint32_t height = 6 + i * 7919 % 40;
    const uint32_t hue = 170 + i * 40 / count;
    char line[192];
    const int size =
        std::snprintf(line, sizeof line,
                      "<path d=\"M0 %u q100 -%u 200 0 t200 0 t200 0 t200 0\" fill=\"none\" "
                      "stroke=\"hsl(%u 70%% 40%%)\"/>\n",
                      y, height, hue);
    svg.append(line, static_cast<size_t>(size));
  }
  return svg + "</svg>\n";
}

std::string make_products() {
  constexpr std::tuple<std::string_view, std::string_view, uint32_t> products[] = {
      {"kettle", "Kettle", 3900},     {"lamp", "Desk lamp", 5400},
      {"mug", "Enamel mug", 1200},    {"notebook", "Notebook, dotted", 900},
      {"umbrella", "Umbrella", 2600}, {"headphones", "Headphones", 12900},
      {"backpack", "Backpack", 8900}, {"clock", "Wall clock", 4500}};
  Buffer out;
  wire::JsonWriter json(out);
  json.begin_object().key("products").begin_array();
  for (const auto& [id, name, cents] : products) {
    json.begin_object().member("id", id).member("name", name);
    json.member("price_cents", cents).end_object();
  }
  json.end_array().end_object();
  return std::string(out.view()) + "\n";
}

std::string etag_of(std::string_view body) {
  char text[24];
  const int size = std::snprintf(text, sizeof text, "\"%016llx\"",
                                 static_cast<unsigned long long>(hash(body, 0)));
  return {text, static_cast<size_t>(size)};
}

}  // namespace

std::vector<Kept> make_site() {
  constexpr std::string_view html = "text/html; charset=utf-8", svg = "image/svg+xml";
  constexpr std::string_view minute = "public, max-age=60", hour = "public, max-age=3600";
  std::vector<Kept> site;
  const auto keep = [&site](std::string_view path, std::string_view type,
                            std::string_view cache_control, std::string body) {
    std::string etag = etag_of(body);
    site.push_back({path, type, cache_control, std::move(body), std::move(etag), {}});
  };
  keep("/", html, minute, std::string(page));
  keep("/styles.css", "text/css; charset=utf-8", hour, std::string(style));
  keep("/images/mark.svg", svg, hour, std::string(mark));
  keep("/images/small.svg", svg, hour, make_waves(20));
  keep("/images/medium.svg", svg, hour, make_waves(300));
  keep("/images/large.svg", svg, hour, make_waves(4000));
  keep("/images/gradient.png", "image/png", hour, make_gradient_png(256, 256));
  keep("/api/products", "application/json", minute, make_products());
  return site;
}

}  // namespace weir::demo
