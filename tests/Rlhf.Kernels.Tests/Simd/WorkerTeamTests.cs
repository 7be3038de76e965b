using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Tests.Simd;

public sealed unsafe class WorkerTeamTests
{
    [Test]
    public void Run_VisitsEveryItemOnce([Values(1, 2, 5)] int threads, [Values(0, 1, 7, 1000, 4097)] int items, [Values(1, 3, 64)] int grain)
    {
        using var team = new WorkerTeam(threads);
        int[] visits = new int[items + 1];
        for (int repeat = 0; repeat < 20; repeat++)
        {
            fixed (int* p = visits)
            {
                team.Run(items, grain, &Count, p);
            }
        }

        Assert.That(visits[..items], Is.All.EqualTo(20));
        Assert.That(visits[items], Is.Zero);
    }

    [Test]
    public void Run_BeginsRangesAtMultiplesOfTheGrain()
    {
        using var team = new WorkerTeam(3);
        int wrong = 0;
        team.Run(1001, 8, &CheckMultiple, &wrong);
        Assert.That(wrong, Is.Zero);
    }

    [Test]
    public void Run_InsideARun_DoesTheWorkAlone()
    {
        using var team = new WorkerTeam(2);
        var nested = new Nested { Team = System.Runtime.InteropServices.GCHandle.ToIntPtr(System.Runtime.InteropServices.GCHandle.Alloc(team)) };
        team.Run(50, 1, &RunNested, &nested);
        System.Runtime.InteropServices.GCHandle.FromIntPtr(nested.Team).Free();
        Assert.That(nested.Visits, Is.EqualTo(50 * 40));
    }

    [Test]
    public void Run_FromSeveralThreadsAtOnce_LosesNothing()
    {
        using var team = new WorkerTeam(2);
        int[][] visits = [.. Enumerable.Range(0, 4).Select(_ => new int[500])];
        Thread[] callers = [.. visits.Select(mine => new Thread(() =>
        {
            fixed (int* p = mine)
            {
                for (int repeat = 0; repeat < 200; repeat++)
                {
                    team.Run(500, 16, &Count, p);
                }
            }
        }))];
        Array.ForEach(callers, caller => caller.Start());
        Array.ForEach(callers, caller => caller.Join());
        Assert.That(visits.SelectMany(mine => mine), Is.All.EqualTo(200));
    }

    [Test]
    public void OnThreadStart_RunsOnceOnEachCreatedThread()
    {
        int started = 0;
        using (var team = new WorkerTeam(4, () => Interlocked.Increment(ref started)))
        {
            int wrong = 0;
            team.Run(100, 1, &CheckMultiple, &wrong);
        }

        Assert.That(started, Is.EqualTo(3));
    }

    [Test]
    public void Dispose_MayBeRepeated_AndEndsTheTeam()
    {
        var team = new WorkerTeam(2);
        team.Dispose();
        team.Dispose();
        Assert.That(
            () =>
            {
                int wrong = 0;
                team.Run(100, 1, &CheckMultiple, &wrong);
            },
            Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Threads_MustBeAtLeastOne() => Assert.That(() => new WorkerTeam(0), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static void Count(void* state, int begin, int end)
    {
        for (int i = begin; i < end; i++)
        {
            Interlocked.Increment(ref ((int*)state)[i]);
        }
    }

    private static void CheckMultiple(void* state, int begin, int end)
    {
        if (begin % 8 != 0 || end <= begin || end - begin > 8)
        {
            Interlocked.Increment(ref *(int*)state);
        }
    }

    private static void RunNested(void* state, int begin, int end)
    {
        var nested = (Nested*)state;
        var team = (WorkerTeam)System.Runtime.InteropServices.GCHandle.FromIntPtr(nested->Team).Target!;
        for (int i = begin; i < end; i++)
        {
            team.Run(40, 1, &CountNested, state);
        }
    }

    private static void CountNested(void* state, int begin, int end) => Interlocked.Add(ref ((Nested*)state)->Visits, end - begin);

    private struct Nested
    {
        public nint Team;
        public int Visits;
    }
}
