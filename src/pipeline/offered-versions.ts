// For commands that run no steps.
export { listOfferedVersions } from '../steps/channel-store.js';
