namespace Rlhf.Environments.Tests;

/// <summary>Bytes that every thread of the process allocates: steps run on more than one.</summary>
internal static class Allocations
{
    /// <summary>The least of many repetitions: the runtime and the test runner allocate now and then, the work itself each time or never.</summary>
    public static long Least(Action work)
    {
        long least = long.MaxValue;
        for (int repetition = 0; repetition < 200 && least > 0; repetition++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            work();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return least;
    }
}
