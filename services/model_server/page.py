"""The server's own page: no script and nothing from elsewhere."""

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Osteon model server</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem}
pre{background:#f3f4f6;padding:1rem;overflow-x:auto}strong{color:#9a3412}</style></head>
<body>
<h1>Osteon model server</h1>
<p><strong>For research use only</strong>, until the hospital's own validation says otherwise.</p>
<pre>curl -H "Authorization: Bearer $TOKEN" -F files=@hand.dcm http://ADDRESS/v1/predict
curl -H "Authorization: Bearer $TOKEN" -F files=@knee.png -F task=knee-oa http://ADDRESS/v1/predict
curl -H "Authorization: Bearer $TOKEN" -F files=@hand.dcm http://ADDRESS/v1/embed
curl -H "Authorization: Bearer $TOKEN" -F "text=fracture du poignet" http://ADDRESS/v1/search
curl -H "Authorization: Bearer $TOKEN" -F files=@hand.dcm -F task=fracture -o map.png http://ADDRESS/v1/explain
curl -H "Authorization: Bearer $TOKEN" http://ADDRESS/v1/models</pre>
<p>Contract: <a href="/openapi.json">/openapi.json</a>. State: <a href="/readyz">/readyz</a>,
<a href="/metrics">/metrics</a>.</p>
</body></html>
"""
