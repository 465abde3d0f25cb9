import { expect, test } from "vitest";
import { signatureFault, type SignedRequest } from "./signature.ts";

/** The key, bucket, day and requests of the examples that the service's documentation works out by hand. */
const known = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const expected = { region: "us-east-1", now: Date.UTC(2013, 4, 24) };
const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function request(
  method: string,
  target: string,
  signed: {
    readonly names: string;
    readonly signature: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly hash?: string;
  },
): SignedRequest {
  const { names, signature, headers = {}, body = "", hash = nothing } = signed;
  return {
    method,
    target,
    body: new TextEncoder().encode(body),
    headers: {
      host: "examplebucket.s3.amazonaws.com",
      "x-amz-content-sha256": hash,
      "x-amz-date": "20130524T000000Z",
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${known.accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=${signature}`,
    },
  };
}

const plain = "host;x-amz-content-sha256;x-amz-date";
const examples: readonly SignedRequest[] = [
  request("GET", "/test.txt", {
    names: "host;range;x-amz-content-sha256;x-amz-date",
    headers: { range: "bytes=0-9" },
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  }),
  request("PUT", "/test%24file.text", {
    names: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
    headers: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
    body: "Welcome to Amazon S3.",
    hash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  }),
  request("GET", "/?lifecycle=", {
    names: plain,
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  }),
  request("GET", "/?max-keys=2&prefix=J", {
    names: plain,
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  }),
];

test.each(examples)("the published example $method $target is found to be signed rightly", (example) => {
  expect(signatureFault(example, known, expected)).toBeNull();
});

test.each<[string, Partial<SignedRequest>, string]>([
  ["another path", { target: "/other.txt" }, "SignatureDoesNotMatch"],
  ["another method", { method: "DELETE" }, "SignatureDoesNotMatch"],
  ["another query", { target: "/test.txt?x=1" }, "SignatureDoesNotMatch"],
  ["another range", { headers: { ...examples[0]!.headers, range: "bytes=0-99" } }, "SignatureDoesNotMatch"],
  ["another body", { body: new Uint8Array(1) }, "XAmzContentSHA256Mismatch"],
  [
    "a header of the service's that is not signed",
    { headers: { ...examples[0]!.headers, "x-amz-acl": "x" } },
    "AccessDenied",
  ],
  ["no signature", { headers: {} }, "AccessDenied"],
])("a request changed to %s is refused", (_, change, fault) => {
  expect(signatureFault({ ...examples[0]!, ...change }, known, expected)).toBe(fault);
});

const of = (key: object, world: object) =>
  signatureFault(examples[0]!, { ...known, ...key }, { ...expected, ...world });

test("another secret, key, region or time is refused", () => {
  expect(of({ secretAccessKey: "x" }, {})).toBe("SignatureDoesNotMatch");
  expect(of({ accessKeyId: "x" }, {})).toBe("InvalidAccessKeyId");
  expect(of({}, { region: "eu-west-1" })).toBe("AuthorizationHeaderMalformed");
  expect(of({}, { now: Date.UTC(2013, 4, 24, 0, 16) })).toBe("RequestTimeTooSkewed");
});
