//! The HTML document around the app.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use super::app::App;
use super::assets::Assets;
use super::components::SPRITE;

/// Runs before the first paint: the chosen theme must not flash, and what only helps without
/// JavaScript must not appear.
const BEFORE_PAINT: &str = "(function(r){r.dataset.js='';try{var t=localStorage.getItem('theme');\
    if(t==='dark'||t==='light')r.dataset.theme=t;\
    if(localStorage.getItem('rail')==='narrow')r.dataset.rail='narrow'}catch(e){}})\
    (document.documentElement)";

/// The document. `base` is the folder URL of the built assets, such as `/pkg` or `/pkg/<hash>`.
pub fn shell(options: LeptosOptions, base: &'static str) -> impl IntoView {
    provide_context(Assets(base));
    let script = format!("{base}/kimi-dashboard.js");
    let program = format!("{base}/kimi-dashboard.wasm");
    let start = format!(
        "import({script:?}).then(m=>m.default({{module_or_path:{program:?}}}).then(()=>m.hydrate()))"
    );
    view! {
        <!DOCTYPE html>
        <html lang="en" data-assets=base>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="dark light"/>
                <script nonce=use_nonce()>{BEFORE_PAINT}</script>
                <link rel="stylesheet" href=format!("{base}/kimi-dashboard.css")/>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                <link rel="modulepreload" href=script crossorigin=""/>
                <link
                    rel="preload"
                    href=program
                    r#as="fetch"
                    r#type="application/wasm"
                    crossorigin=""
                />
                <script type="module" nonce=use_nonce()>
                    {start}
                </script>
                <AutoReload options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
                // After the app, where hydration does not count it.
                <div hidden inner_html=SPRITE></div>
            </body>
        </html>
    }
}
