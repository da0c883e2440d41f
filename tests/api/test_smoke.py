import json
from sop.models import Role
from tests.api.callers import *
async def test_smoke(callers, desk):
    c = await callers.of(Role.CSR)
    r = await c.post("/v1/inquiries", inquiry(), "k1")
    print(r.status_code, r.headers, r.text)
    cid = r.json()["case_id"]
    r = await c.get(f"/v1/inquiries/{cid}"); print(r.status_code, r.text)
    for s,b in [("verification",VERIFIED),("resolution",RESOLVED)]:
        r = await c.post(f"/v1/inquiries/{cid}/{s}", b); print(r.status_code, r.text)
    r = await c.get(f"/v1/inquiries/{cid}/timeline"); print(r.status_code, r.text[:500])
    r = await c.get(f"/v1/inquiries/{cid}/escalations"); print(r.status_code, r.text[:500])
    r = await c.get(f"/v1/inquiries"); print(r.status_code, r.text[:5])
    r = await c.get(f"/v1/policy"); print(r.status_code, r.text)
    r = await c.get(f"/v1/tasks"); print(r.status_code, r.text)
    r = await c.get(f"/readyz"); print(r.status_code, r.text)
    r = await c.get(f"/nothere"); print(r.status_code, r.text)
    r = await c.http.post("/v1/inquiries", content=b"{"*10, headers={"content-type":"application/json"}); print(r.status_code, r.text)
    r = await c.http.post("/v1/inquiries", content=b"{}", headers={"content-type":"application/json"}); print(r.status_code, r.text)
    r = await c.post(f"/v1/inquiries/{cid}/resolution", {}); print(r.status_code, r.text)
    r = await c.post(f"/v1/inquiries/{cid}/resolution", RESOLVED); print(r.status_code, r.text)
    r = await c.post(f"/v1/inquiries/inquiry-12345678/resolution", RESOLVED); print(r.status_code, r.text)
