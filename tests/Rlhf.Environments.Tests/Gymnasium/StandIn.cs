using System.Diagnostics;
using System.Runtime.InteropServices;
using Rlhf.Environments.Gymnasium;

namespace Rlhf.Environments.Tests.Gymnasium;

/// <summary>Makes environments of the module that stands in for gymnasium.</summary>
internal static partial class StandIn
{
    private const int Stop = 19;

    /// <summary>Puts the module where Python looks first. Children inherit it.</summary>
    public static void Use() =>
        Environment.SetEnvironmentVariable("PYTHONPATH", Path.Combine(TestContext.CurrentContext.TestDirectory, "Gymnasium", "standin"));

    /// <summary>A running child.</summary>
    public static GymnasiumProcess Start(string name, GymnasiumOptions? options = null) => new(name, [], options ?? new GymnasiumOptions());

    /// <summary>Sends a child SIGKILL, and waits until it is gone for others too.</summary>
    public static void KillChild(int process)
    {
        using var child = Process.GetProcessById(process);
        child.Kill();
    }

    /// <summary>Stops a child: it lives, and answers nothing.</summary>
    public static void StopChild(int process) => Assert.That(SendSignal(process, Stop), Is.Zero);

    /// <summary>Whether the system still has an entry of the process, be it only as a zombie.</summary>
    public static bool Exists(int process) => Directory.Exists($"/proc/{process}");

    /// <summary>Files in shared memory that this process left.</summary>
    public static string[] SharedFiles() => Directory.Exists("/dev/shm") ? Directory.GetFiles("/dev/shm", $"rlhf-gymnasium-{Environment.ProcessId}-*") : [];

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
