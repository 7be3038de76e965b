using Rlhf.Environments.Mujoco.Native;

namespace Rlhf.Environments.Mujoco;

/// <summary>librlhf_mujoco: whether it is there, and over which MuJoCo.</summary>
/// <remarks>Searched in <c>RLHF_NATIVE_DIR</c>, next to the application, and in <c>build/native</c> of any folder above it.</remarks>
public static class MujocoLibrary
{
    /// <summary>Whether robots can run here. Never throws.</summary>
    public static bool IsAvailable => UnavailableReason is null;

    /// <summary>Why robots cannot run here, as one line with the places searched; null when they can. Never throws.</summary>
    public static string? UnavailableReason
    {
        get
        {
            try
            {
                MujocoApi.RequireLoaded();
                return null;
            }
            catch (Exception e) when (e is MujocoException or EntryPointNotFoundException or DllNotFoundException)
            {
                return e.Message;
            }
        }
    }

    /// <summary>MuJoCo's version as its header counts: 222 is 2.2.2.</summary>
    /// <exception cref="MujocoException">The library is missing.</exception>
    public static int Version
    {
        get
        {
            MujocoApi.RequireLoaded();
            return MujocoApi.Version();
        }
    }
}
