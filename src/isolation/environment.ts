/**
 * @file What of our environment a process of its own gets: what the dynamic linker, ONNX Runtime and the graphics and CUDA drivers look at, and where
 * caches lie. Tokens and keys, Node's own options and everything else stay here.
 */

type Environment = Readonly<Record<string, string | undefined>>;

/** Windows does not start a process without some of these, and finds libraries by PATH. Names there have no case. */
const WINDOWS = [
  'SYSTEMROOT',
  'WINDIR',
  'SYSTEMDRIVE',
  'PATH',
  'USERPROFILE',
  'LOCALAPPDATA',
  'APPDATA',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'TEMP',
  'TMP',
];

/** HOME: drivers keep compiled shaders there, and find their settings. DISPLAY and the like: Vulkan's loader asks the window system for devices. */
const PLACES = [
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TZ',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'HF_HOME',
  'HF_HUB_CACHE',
  'HUGGINGFACE_HUB_CACHE',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'DYLD_FALLBACK_LIBRARY_PATH',
];

const PREFIXES =
  /^(?:XDG|VK|CUDA|CUDNN|CUBLAS|NVIDIA|TF32|DRI|MESA|GALLIUM|LIBGL|LP|ROCR|HIP|HSA|GPU|DAWN|ORT|OMP|ANTIPODE)_/;

/** @param env of this process */
export function childEnvironment(env: Environment): Record<string, string> {
  const allowed = new Set([...PLACES, ...WINDOWS.filter((name) => name !== 'PATH' || isWindows())]);
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const key = isWindows() ? name.toUpperCase() : name;
    if (value === undefined || isSecret(key)) continue;
    if (allowed.has(key) || PREFIXES.test(key)) kept[name] = value;
  }
  // The same rule as `refuseTelemetry`, from the process's first moment on.
  kept['ORT_DISABLE_TELEMETRY'] = '1';
  return kept;
}

function isSecret(name: string): boolean {
  return /TOKEN|SECRET|PASSWORD|API_?KEY|CREDENTIAL/.test(name);
}

function isWindows(): boolean {
  return process.platform === 'win32';
}
