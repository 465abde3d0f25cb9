import { afterEach, describe, expect, test } from "vitest";
import { localStorage } from "../local-storage.ts";
import type { Storage } from "../storage.ts";
import { readWhole } from "../storage.ts";
import { MemoryDisk } from "../testing/memory-disk.ts";
import { seededRandom } from "../testing/store-digest.ts";
import type { Fault, FakeS3Options, SeenRequest } from "./testing/fake-s3.ts";
import { FakeS3 } from "./testing/fake-s3.ts";
import type { S3Storage, S3StorageOptions } from "./s3-storage.ts";
import { s3Storage } from "./s3-storage.ts";

let servers: FakeS3[] = [];

afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
});

async function startFake(options: FakeS3Options = {}): Promise<FakeS3> {
  const server = await FakeS3.start(options);
  servers.push(server);
  return server;
}

async function fresh(
  options: FakeS3Options = {},
  change: Partial<S3StorageOptions> = {},
): Promise<{ readonly server: FakeS3; readonly storage: S3Storage }> {
  const server = await startFake(options);
  return { server, storage: s3Storage(server.storageOptions(change)) };
}

const whole = (bytes: Uint8Array) => [{ at: 0, bytes }];
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

function noise(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => random() * 256);
}

/** What every storage promises. */
describe.each<[string, () => Promise<Storage>]>([
  ["a folder", async () => localStorage("/w", new MemoryDisk())],
  ["a bucket", async () => (await fresh()).storage],
  ["a bucket that lists two names a page", async () => (await fresh({ pageSize: 2 })).storage],
  ["a bucket of a service that does not encode keys", async () => (await fresh({ plainKeys: true })).storage],
  ["a whole bucket without a prefix", async () => (await fresh({}, { prefix: "" })).storage],
])("storage in %s", (_, make) => {
  test("gives back what was put, in any pieces and with parts in any order", async () => {
    const storage = await make();
    const bytes = noise(5000, 1);
    await storage.put("segments/bars-0-1.seg", [
      { at: 1000, bytes: bytes.subarray(1000) },
      { at: 0, bytes: bytes.subarray(0, 400) },
      { at: 400, bytes: bytes.subarray(400, 1000) },
    ]);
    await storage.flush();
    expect(await storage.size("segments/bars-0-1.seg")).toBe(5000);
    expect(Buffer.compare((await readWhole(storage, "segments/bars-0-1.seg"))!, bytes)).toBe(0);
    const [first, second, none] = [new Uint8Array(7), new Uint8Array(1500), new Uint8Array(0)];
    const reads = [
      { at: 4993, into: first },
      { at: 390, into: second },
      { at: 5000, into: none },
    ];
    expect(await storage.read("segments/bars-0-1.seg", reads)).toBe("whole");
    expect(first).toEqual(bytes.subarray(4993));
    expect(second).toEqual(bytes.subarray(390, 1890));
  });

  test("tells a file that ends too early from one that is not there", async () => {
    const storage = await make();
    await storage.put("a", whole(text("abc")));
    await storage.put("empty", []);
    expect(await storage.read("a", [{ at: 1, into: new Uint8Array(3) }])).toBe("short");
    expect(await storage.read("a", [{ at: 9, into: new Uint8Array(3) }])).toBe("short");
    expect(await storage.read("b", [{ at: 0, into: new Uint8Array(1) }])).toBe("missing");
    expect(await storage.read("b", [])).toBe("missing");
    expect(await storage.read("empty", [{ at: 0, into: new Uint8Array(0) }])).toBe("whole");
    expect(await storage.read("empty", [{ at: 0, into: new Uint8Array(1) }])).toBe("short");
    expect(await readWhole(storage, "empty")).toEqual(new Uint8Array(0));
    expect(await storage.size("b")).toBeNull();
    expect(await readWhole(storage, "b")).toBeNull();
  });

  test("lists the names directly in a folder, whatever they are made of", async () => {
    const storage = await make();
    const names = ["a b+c", "ümläut&<x>", "host~boot~1~2~0.3", "100%", "(1)'!*", "z"];
    for (const name of names) await storage.mark(`writers/${name}`);
    await storage.put("writers/deeper/file", whole(text("1")));
    await storage.put("top", whole(text("1")));
    expect([...(await storage.list("writers"))].sort()).toEqual([...names, "deeper"].sort());
    expect([...(await storage.list(""))].sort()).toEqual(["top", "writers"]);
    expect(await storage.list("writ")).toEqual([]);
    await storage.remove([...names.map((name) => `writers/${name}`), "never/there"]);
    expect(await storage.list("writers")).toEqual(["deeper"]);
  });

  test("writes no file over another", async () => {
    const storage = await make();
    await storage.put("a", whole(text("first")));
    await expect(storage.put("a", whole(text("second")))).rejects.toThrow(/exist|there already|EEXIST/);
    expect(await readWhole(storage, "a")).toEqual(text("first"));
    await storage.remove(["a"]);
    await storage.put("a", whole(text("third")));
    expect(await readWhole(storage, "a")).toEqual(text("third"));
  });

  test("replaces a file only when it is what was expected", async () => {
    const storage = await make();
    await expect(storage.swap("m", text("1"), text("0"))).rejects.toMatchObject({ code: "STORE_CHANGED" });
    await storage.swap("m", text("1"), null);
    await expect(storage.swap("m", text("2"), null)).rejects.toMatchObject({ code: "STORE_CHANGED" });
    await storage.swap("m", text("2"), text("1"));
    await expect(storage.swap("m", text("3"), text("1"))).rejects.toMatchObject({ code: "STORE_CHANGED" });
    expect(await readWhole(storage, "m")).toEqual(text("2"));
  });
});

/** Applies a fault to the n-th request (counted from 0) that a filter lets through. */
function once(
  fault: Fault,
  filter: (request: SeenRequest) => boolean,
  at = 0,
): (request: SeenRequest) => Fault | null {
  let seen = 0;
  return (request) => (filter(request) && seen++ === at ? fault : null);
}

const isPut = (request: SeenRequest): boolean => request.method === "PUT" && !request.key.includes(".probe");

test("of two that replace the same content at once exactly one goes on", async () => {
  const { server, storage } = await fresh();
  await storage.swap("m", text("0"), null);
  const others = Array.from({ length: 6 }, () => s3Storage(server.storageOptions()));
  const results = await Promise.allSettled(
    others.map((each, index) => each.swap("m", text(`by ${index}`), text("0"))),
  );
  const done = results.flatMap((result, index) => (result.status === "fulfilled" ? [index] : []));
  expect(done).toHaveLength(1);
  expect(await readWhole(storage, "m")).toEqual(text(`by ${done[0]}`));
});

const passing: readonly Fault[] = [
  { kind: "status", status: 503, code: "SlowDown" },
  { kind: "status", status: 500, code: "InternalError" },
  { kind: "status", status: 429 },
  { kind: "status", status: 409, code: "ConditionalRequestConflict" },
  { kind: "status", status: 400, code: "RequestTimeout" },
  { kind: "refused" },
  { kind: "lost" },
  { kind: "cut" },
];

test.each(passing)(
  "a request that meets $kind $status $code is made again, with one effect",
  async (fault) => {
    const { server, storage } = await fresh();
    await storage.checkWritable();
    for (const method of ["PUT", "GET", "HEAD", "DELETE"]) {
      server.script = once(fault, (request) => request.method === method);
      const name = `file-${method}`;
      await storage.put(name, whole(text("content")));
      await storage.swap("m", text(name), await readWhole(storage, "m"));
      expect(await readWhole(storage, name)).toEqual(text("content"));
      expect(await storage.list("")).toContain(name);
      await storage.mark(`readers/${method}`);
      await storage.remove([`readers/${method}`]);
      expect(await storage.size(`readers/${method}`)).toBeNull();
      expect(await readWhole(storage, "m")).toEqual(text(name));
    }
  },
);

test("a write whose answer was lost counts as done only when it was this one that arrived", async () => {
  const { server, storage } = await fresh();
  await storage.swap("m", text("old"), null);
  // The rival's replacement comes between the writer's look and his write, whose answer is lost.
  server.script = (request) => {
    if (!isPut(request)) return null;
    server.script = null;
    server.tamper(request.key, text("theirs"));
    return { kind: "lost" };
  };
  await expect(storage.swap("m", text("mine"), text("old"))).rejects.toMatchObject({ code: "STORE_CHANGED" });
  expect(await readWhole(storage, "m")).toEqual(text("theirs"));
});

test("when every answer to a write is lost but a look is answered, the write is known to be done", async () => {
  const { server, storage } = await fresh();
  await storage.checkWritable();
  server.script = (request) => (isPut(request) ? { kind: "lost" } : null);
  await storage.put("a", whole(text("arrived")));
  server.script = null;
  expect(await readWhole(storage, "a")).toEqual(text("arrived"));
});

test("a service that stays away is told from one that refuses, and neither message holds a secret", async () => {
  const { server, storage } = await fresh();
  await storage.checkWritable();
  const { accessKeyId, secretAccessKey } = server.storageOptions();
  server.script = () => ({ kind: "refused" });
  const away = await storage.list("").catch((error: unknown) => error);
  server.script = () => ({ kind: "status", status: 503, code: "SlowDown" });
  const busy = await storage.put("a", whole(text("1"))).catch((error: unknown) => error);
  server.script = null;
  const wrong = s3Storage(server.storageOptions({ secretAccessKey: "not the secret" }));
  const denied = await wrong.list("").catch((error: unknown) => error);
  const unknown = s3Storage(server.storageOptions({ accessKeyId: "AKIANOBODY" }));
  const nobody = await unknown.put("a", whole(text("1"))).catch((error: unknown) => error);
  expect([away, busy, denied, nobody]).toMatchObject([
    { code: "S3_UNREACHABLE", remedy: expect.any(String) },
    { code: "S3_UNAVAILABLE", message: expect.stringContaining("SlowDown") },
    { code: "S3_DENIED", message: expect.stringContaining("SignatureDoesNotMatch") },
    { code: "S3_DENIED", message: expect.stringContaining("InvalidAccessKeyId") },
  ]);
  for (const error of [away, busy, denied, nobody]) {
    const all = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error);
    for (const secret of [accessKeyId, secretAccessKey, "not the secret", "AKIANOBODY"])
      expect(all).not.toContain(secret);
  }
});

test.each<[string, FakeS3Options, Partial<S3StorageOptions>, Fault | null, string]>([
  ["a clock that is an hour off", { aheadMs: 3_600_000 }, {}, null, "S3_CLOCK"],
  ["a bucket that is not there", {}, { bucket: "other-bucket" }, null, "S3_BUCKET_MISSING"],
  ["another region", {}, { region: "us-east-1" }, null, "S3_REGION"],
  ["a redirect", {}, {}, { kind: "status", status: 301, code: "PermanentRedirect" }, "S3_REGION"],
  [
    "rights that do not include writing",
    {},
    {},
    { kind: "status", status: 403, code: "AccessDenied" },
    "DATA_NOT_PERMITTED",
  ],
  ["an answer of no known meaning", {}, {}, { kind: "status", status: 418 }, "S3_REFUSED"],
])("%s is told as such", async (_, options, change, fault, code) => {
  const { server, storage } = await fresh(options, change);
  server.script = (request) => (request.method === "PUT" ? fault : null);
  await expect(storage.put("a", whole(text("1")))).rejects.toMatchObject({
    code,
    remedy: expect.any(String),
  });
});

test.each(["ignored", "unknown"] as const)(
  "a service whose conditions are %s is refused for writing and may be read",
  async (conditions) => {
    const { server, storage } = await fresh({ conditions });
    server.tamper("some/prefix/manifest.json", text("there"));
    await expect(storage.put("a", whole(text("1")))).rejects.toMatchObject({ code: "S3_CONDITIONAL_WRITES" });
    await expect(storage.swap("manifest.json", text("1"), text("there"))).rejects.toMatchObject({
      code: "S3_CONDITIONAL_WRITES",
    });
    expect(await readWhole(storage, "manifest.json")).toEqual(text("there"));
    expect([...server.objects.keys()]).toEqual(["some/prefix/manifest.json"]);
  },
);

test("an answer that does not come is not waited for, and what it was about happens once", async () => {
  const { server, storage } = await fresh({}, { patience: { attempts: 5, firstWaitMs: 1, timeoutMs: 100 } });
  await storage.checkWritable();
  server.script = once({ kind: "slow", ms: 400 }, () => true);
  await storage.put("a", whole(text("1")));
  server.script = once({ kind: "slow", ms: 400 }, () => true);
  expect(await readWhole(storage, "a")).toEqual(text("1"));
  server.script = once({ kind: "slow", ms: 400 }, isPut);
  await storage.swap("a", text("2"), text("1"));
  // The writes that were given up are carried out late, and refused.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await readWhole(storage, "a")).toEqual(text("2"));
});

test("temporary credentials are sent with their token", async () => {
  const { server, storage } = await fresh({ sessionToken: "token+of/an=hour" });
  await storage.put("a", whole(text("1")));
  const without = s3Storage({ ...server.storageOptions(), sessionToken: "another" });
  await expect(without.list("")).rejects.toMatchObject({ code: "S3_DENIED" });
});

describe("a large file", () => {
  const bytes = noise(10_500, 7);
  const parts = [
    { at: 300, bytes: bytes.subarray(300) },
    { at: 0, bytes: bytes.subarray(0, 300) },
  ];
  const small = { partBytes: 1000 };

  test("is put in parts and appears whole, once", async () => {
    const { server, storage } = await fresh(small, small);
    await storage.put("large", parts);
    expect(Buffer.compare((await readWhole(storage, "large"))!, bytes)).toBe(0);
    expect(server.log.filter(({ query }) => query.has("partNumber")).length).toBe(11);
    expect(server.uploads.size).toBe(0);
    await expect(storage.put("large", parts)).rejects.toMatchObject({ code: "S3_EXISTS" });
    expect(server.uploads.size).toBe(0);
  });

  test.each(passing)("survives $kind $status $code at any of its requests", async (fault) => {
    const { server, storage } = await fresh(small, small);
    await storage.checkWritable();
    // The beginning, some parts, the last part and the completion.
    for (const at of [0, 1, 6, 11, 12]) {
      server.script = once(fault, ({ method }) => method === "PUT" || method === "POST", at);
      await storage.put(`large-${at}`, parts);
      expect(Buffer.compare((await readWhole(storage, `large-${at}`))!, bytes)).toBe(0);
    }
  });

  test("leaves nothing when it fails, and what a killed writer began is abandoned by its age", async () => {
    const { server, storage } = await fresh({ ...small, pageSize: 2 }, small);
    await storage.checkWritable();
    server.script = ({ query }) => (query.get("partNumber") === "5" ? { kind: "refused" } : null);
    await expect(storage.put("large", parts)).rejects.toMatchObject({ code: "S3_UNREACHABLE" });
    expect(server.uploads.size).toBe(0);
    let isDead = false;
    server.script = ({ query }) => {
      isDead = isDead || query.get("partNumber") === "5";
      return isDead ? { kind: "refused" } : null;
    };
    for (const name of ["one", "two", "three"]) {
      isDead = false;
      await expect(storage.put(name, parts)).rejects.toMatchObject({ code: "S3_UNREACHABLE" });
    }
    expect(server.uploads.size).toBe(3);
    server.script = null;
    expect(await storage.abandonUploads(Date.now() - 60_000)).toBe(0);
    expect(await storage.abandonUploads(Date.now() + 1)).toBe(3);
    expect(server.uploads.size).toBe(0);
  });
});

test("long reads are asked for in ranges, near ones together", async () => {
  const { server, storage } = await fresh();
  const bytes = noise(2 ** 20, 3);
  server.tamper("some/prefix/a", bytes);
  const reads = Array.from({ length: 50 }, (_, index) => ({ at: index * 1000, into: new Uint8Array(100) }));
  const far = { at: 900_000, into: new Uint8Array(100) };
  expect(await storage.read("a", [far, ...reads])).toBe("whole");
  for (const { at, into } of [far, ...reads]) expect(into).toEqual(bytes.subarray(at, at + 100));
  expect(server.log.length).toBe(2);
});

test("an object that was replaced since its size was told is not read as a mixture", async () => {
  const { server, storage } = await fresh();
  server.tamper("some/prefix/m", text("a longer text"));
  const size = await storage.size("m");
  server.tamper("some/prefix/m", text("another, longer text"));
  const into = new Uint8Array(size!);
  expect(await storage.read("m", [{ at: 0, into }])).toBe("short");
  expect(await storage.read("m", [{ at: 0, into }])).toBe("whole");
});

test.each<[Partial<S3StorageOptions>, string]>([
  [{ endpoint: "ftp://host" }, "endpoint"],
  [{ endpoint: "https://user:pass@host" }, "endpoint"],
  [{ endpoint: "nonsense" }, "endpoint"],
  [{ bucket: "a/b" }, "bucket"],
  [{ bucket: "x" }, "bucket"],
  [{ prefix: "a/../b" }, "prefix"],
])("an address that cannot be one is refused: %j", async (change, what) => {
  const server = await startFake();
  const make = (): S3Storage => s3Storage(server.storageOptions(change));
  expect(make).toThrow(
    expect.objectContaining({ code: "S3_ADDRESS", message: expect.stringContaining(what) }),
  );
  expect(make).not.toThrow(expect.objectContaining({ message: expect.stringContaining("pass") }));
});

test("without path style the bucket is part of the host name", async () => {
  const server = await startFake();
  const { endpoint } = server;
  const storage = s3Storage(
    server.storageOptions({
      pathStyle: false,
      endpoint: endpoint.replace("127.0.0.1", "no-such-host.invalid"),
    }),
  );
  await expect(storage.list("")).rejects.toMatchObject({ code: "S3_UNREACHABLE" });
  expect(storage.locate("a")).toBe("s3://test-bucket/some/prefix/a");
  expect(storage.place).toBe("s3://test-bucket/some/prefix");
});
