import { request } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ask } from "./client/ask.ts";
import { httpJobs } from "./client/http-jobs.ts";
import { operations } from "./contract/index.ts";
import { startServer, type RunningServer } from "./server.ts";
import { fakeJobs, Refusal, sampleJob } from "./testing/fake-jobs.ts";

const token = "a-token-of-some-length";
const asked: unknown[][] = [];
const reported: unknown[] = [];
let server: RunningServer;
let isReady = true;

beforeAll(async () => {
  server = await startServer(
    {
      version: "1.2.3",
      jobs: fakeJobs(asked),
      startPrecompute: (order, name) => {
        asked.push(["precompute", order, name]);
        if (order.store === "busy") return Promise.reject(new Refusal("JOB_RUNNING", "other-1"));
        return Promise.resolve(sampleJob);
      },
      ready: () => (isReady ? Promise.resolve() : Promise.reject(new Refusal("DATABASE_DOWN"))),
    },
    { port: 0, token, report: (error, where) => reported.push([where, (error as Error).message]) },
  );
});
afterAll(() => server.close());
beforeEach(() => {
  asked.length = 0;
  reported.length = 0;
  isReady = true;
});

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Record<string, unknown>;
}

async function call(method: string, path: string, options: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${server.address}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...options,
  });
  return {
    status: response.status,
    type: response.headers.get("content-type") ?? "",
    body: (await response.json()) as Record<string, unknown>,
  };
}

test("it listens on this machine's own address only", () => {
  expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test("health and readiness are told to anybody, everything else only to whoever bears the token", async () => {
  const anonymous = { headers: {} };
  expect(await call("GET", "/health", anonymous)).toMatchObject({
    status: 200,
    body: { status: "ok", version: "1.2.3" },
  });
  expect(await call("GET", "/ready", anonymous)).toMatchObject({ status: 200 });
  isReady = false;
  expect(await call("GET", "/ready", anonymous)).toMatchObject({
    status: 503,
    body: { code: "DATABASE_DOWN" },
  });
  for (const [name, { method, path, isOpen }] of Object.entries(operations)) {
    if ("isOpen" in operations[name as keyof typeof operations] && isOpen === true) continue;
    for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: token }]) {
      const refused = await call(method, path.replace(":id", sampleJob.id), { headers });
      expect(refused, name).toMatchObject({ status: 401, body: { code: "API_UNAUTHORIZED" } });
    }
  }
  expect(asked).toEqual([]);
});

test("a request that names another host is refused, whatever it bears", async () => {
  const answered = await new Promise<number>((resolve, reject) => {
    const { port } = new URL(server.address);
    const headers = { host: "evil.example", authorization: `Bearer ${token}` };
    request({ host: "127.0.0.1", port, path: "/api/v1/jobs", headers }, (answer) =>
      resolve(answer.statusCode!),
    )
      .on("error", reject)
      .end();
  });
  expect(answered).toBe(403);
});

test("the precompute request needs no body and answers with the task's id", async () => {
  const path = "/api/v1/data/qlib/precompute";
  const bare = { headers: { authorization: `Bearer ${token}` } };
  expect(await call("POST", path, bare)).toMatchObject({ status: 202, body: { task_id: "precompute-1" } });
  expect(await call("POST", path, { body: "{}" })).toMatchObject({ status: 202 });
  const order = { codes: ["600519.SH"], start: "2024-01-01", mode: "full", task_name: "by hand" };
  await call("POST", path, { body: JSON.stringify(order) });
  const { task_name: name, ...rest } = order;
  expect(asked).toEqual([
    ["precompute", {}, undefined],
    ["precompute", {}, undefined],
    ["precompute", rest, name],
  ]);
  expect(await call("GET", `${path}/status/precompute-1`)).toMatchObject({
    status: 200,
    body: { task_id: "precompute-1", job: { state: "running", stateTitle: { zh: "进行中" } } },
  });
});

test("a running precompute is a conflict that names its task", async () => {
  const conflict = await call("POST", "/api/v1/data/qlib/precompute", { body: '{"store":"busy"}' });
  expect(conflict.type).toMatch(/^application\/problem\+json/);
  expect(conflict).toMatchObject({
    status: 409,
    body: {
      type: "urn:alphaloom:problem:JOB_RUNNING",
      status: 409,
      code: "JOB_RUNNING",
      task_id: "other-1",
      job: "other-1",
      remedy: "do otherwise",
      place: { file: "a.parquet", row: 3 },
    },
  });
});

test.each([
  ["a body that is no JSON", "POST", "/api/v1/jobs", "{", 400],
  ["an unknown field", "POST", "/api/v1/data/qlib/precompute", '{"code":"600519.SH"}', 400],
  ["a wrong type", "POST", "/api/v1/data/qlib/precompute", '{"codes":"600519.SH"}', 400],
  ["an unknown filter", "GET", "/api/v1/jobs?status=running", undefined, 400],
  ["a state that does not exist", "GET", "/api/v1/jobs?state=paused", undefined, 400],
  ["a limit of nothing", "GET", "/api/v1/jobs?limit=0", undefined, 400],
  ["too long a body", "POST", "/api/v1/jobs", `{"kind":"${"x".repeat(1_100_000)}"}`, 413],
  ["an unknown address", "GET", "/api/v1/nowhere", undefined, 404],
  ["an unknown job", "GET", "/api/v1/jobs/nobody", undefined, 404],
  ["an id that climbs out", "GET", "/api/v1/jobs/..%2F..%2Fetc", undefined, 404],
] as const)("%s is a problem of status %5$i", async (_, method, path, body, status) => {
  const answer = await call(method, path, body === undefined ? {} : { body });
  expect(answer.status).toBe(status);
  expect(answer.type).toMatch(/^application\/problem\+json/);
  expect(answer.body).toMatchObject({ status, remedy: expect.any(String) as string });
  expect(asked).toEqual([]);
});

test("a defect is reported here and not told there", async () => {
  const answer = await call("POST", "/api/v1/jobs", { body: '{"kind":"broken","payload":null}' });
  expect(answer).toMatchObject({ status: 500, body: { code: "API_INTERNAL" } });
  expect(JSON.stringify(answer)).not.toContain("secret");
  expect(reported).toEqual([["POST /api/v1/jobs", "secret details"]]);
});

test("every operation of the port goes over HTTP as it was asked", async () => {
  const jobs = httpJobs({ address: server.address, token });
  expect(await jobs.submit("sample", { n: [1] }, { name: "x", id: "a-1", retryLimit: 2 })).toEqual(sampleJob);
  expect(await jobs.list({ state: "running", limit: 5 })).toEqual([sampleJob]);
  expect(await jobs.list()).toEqual([sampleJob]);
  for (const what of ["show", "cancel", "resume", "retry"] as const) {
    expect(await jobs[what](sampleJob.id)).toEqual(sampleJob);
  }
  expect(await jobs.logs("a-1", { after: 6, level: "info", subject: "雪 & co", limit: 9 })).toMatchObject([
    { seq: 7 },
  ]);
  expect(await jobs.timings("a-1")).toEqual([{ subject: "tech.MA5", milliseconds: 12.5, count: 3 }]);
  const order = {
    id: "nightly",
    kind: "precompute",
    payload: null,
    cron: "0 18 * * 1-5",
    timeZone: "Asia/Shanghai",
  };
  expect(await jobs.schedule(order)).toMatchObject({ id: "nightly", nextAt: "2026-11-23T10:00:00.000Z" });
  expect(await jobs.schedules()).toHaveLength(1);
  await jobs.unschedule("nightly");
  expect(await jobs.workers()).toEqual([]);
  expect(asked).toEqual([
    ["submit", "sample", { n: [1] }, { name: "x", id: "a-1", retryLimit: 2 }],
    ["list", { state: "running", limit: 5 }],
    ["list", {}],
    ["show", sampleJob.id],
    ["cancel", sampleJob.id],
    ["resume", sampleJob.id],
    ["retry", sampleJob.id],
    ["logs", "a-1", { after: 6, level: "info", subject: "雪 & co", limit: 9 }],
    ["timings", "a-1"],
    ["schedule", order],
    ["schedules"],
    ["unschedule", "nightly"],
    ["workers"],
  ]);
});

test("errors keep code, remedy and job over HTTP; a server that is gone is unreachable", async () => {
  const jobs = httpJobs({ address: server.address, token });
  await expect(jobs.submit("taken", null)).rejects.toMatchObject({
    code: "JOB_RUNNING",
    job: sampleJob.id,
    remedy: "do otherwise",
    message: "refused with JOB_RUNNING",
    place: { file: "a.parquet", row: 3 },
  });
  await expect(jobs.show("a/b?c#d")).rejects.toMatchObject({ code: "JOB_UNKNOWN" });
  await expect(httpJobs({ address: server.address, token: "wrong" }).list()).rejects.toMatchObject({
    code: "API_UNAUTHORIZED",
  });
  await expect(httpJobs({ address: "http://127.0.0.1:1", token }).list()).rejects.toMatchObject({
    code: "API_UNREACHABLE",
  });
  await expect(
    ask({ address: server.address, token }, { ...operations.health, answer: operations.ready.answer }),
  ).rejects.toMatchObject({ code: "API_ANSWER_INVALID" });
});

test("a port that is taken is said so", async () => {
  const port = Number(new URL(server.address).port);
  const second = startServer(
    {
      version: "1",
      jobs: fakeJobs([]),
      startPrecompute: () => Promise.resolve(sampleJob),
      ready: () => Promise.resolve(),
    },
    { port, token, report: () => {} },
  );
  await expect(second).rejects.toMatchObject({ code: "API_ADDRESS_IN_USE" });
});
