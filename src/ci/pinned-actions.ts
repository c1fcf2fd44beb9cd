/** Actions of others, at commits that are known to be good: a tag can be moved, a commit can't. */
const PINNED = {
  'actions/checkout': ['3d3c42e5aac5ba805825da76410c181273ba90b1', 'v7.0.1'],
  'actions/upload-artifact': ['043fb46d1a93c77aae656e7c1c64a875d1fc6a0a', 'v7.0.1'],
  'actions/download-artifact': ['3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c', 'v8.0.1'],
  'docker/setup-qemu-action': ['96fe6ef7f33517b61c61be40b68a1882f3264fb8', 'v4.2.0'],
  'docker/setup-buildx-action': ['bb05f3f5519dd87d3ba754cc423b652a5edd6d2c', 'v4.2.0'],
  'docker/login-action': ['dbcb813823bdd20940b903addbd779551569679f', 'v4.6.0'],
  'sigstore/cosign-installer': ['6f9f17788090df1f26f669e9d70d6ae9567deba6', 'v4.1.2'],
} as const;

/** What stands behind `uses:`: "actions/checkout@3d3c… # v7.0.1". */
export function pinAction(name: keyof typeof PINNED): string {
  const [commit, version] = PINNED[name];
  return `${name}@${commit} # ${version}`;
}
