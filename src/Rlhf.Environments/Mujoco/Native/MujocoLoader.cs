using System.Reflection;
using System.Runtime.InteropServices;
using Rlhf.Kernels;

namespace Rlhf.Environments.Mujoco.Native;

/// <summary>Finds and loads librlhf_mujoco once.</summary>
internal static class MujocoLoader
{
    internal const string LibraryName = "rlhf_mujoco";
    private static readonly Lazy<(nint Handle, string? Error)> Library = new(() => NativeFolders.Load("librlhf_mujoco.so", "libmujoco", "libmujoco-dev"));

    /// <summary>Null when the library is there; otherwise one line with the places searched and what provides it.</summary>
    internal static string? Error => Library.Value.Error;

    /// <summary>A function of the library or of libmujoco under it, for measurements beside MuJoCo alone.</summary>
    internal static nint Export(string name) => NativeLibrary.GetExport(Library.Value.Handle, name);

    internal static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == LibraryName ? Library.Value.Handle : 0;
}
