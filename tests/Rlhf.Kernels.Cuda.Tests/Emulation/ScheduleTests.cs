namespace Rlhf.Kernels.Cuda.Tests.Emulation;

/// <summary>
/// Nothing that a kernel writes depends on the order in which its threads and blocks run: the same bits in ascending and descending
/// order and in random orders that change at shared accesses. In the last of them, accesses to global memory that no order protects
/// are a fault.
/// </summary>
public sealed class ScheduleTests
{
    private static readonly (string Name, int Kind, ulong Seed, bool CheckRaces)[] Others =
    [
        ("descending", Emulator.Descending, 0, false), ("random 1", Emulator.Random, 1, false), ("random 2", Emulator.Random, 2, true),
    ];

    public static IEnumerable<TestCaseData> Calls => EmulatedCalls.All.Select(call => new TestCaseData(call.Name));

    [TestCaseSource(nameof(Calls))]
    public void Call_GivesTheSameBits_InAnyOrder(string name)
    {
        // A device for each call: a launch that faults leaves its scratch as it was at that moment.
        EmulatedCall call = EmulatedCalls.All.Single(call => call.Name == name);
        using EmulatedSession session = new();
        try
        {
            Emulator.SetSchedule(Emulator.Ascending, 0);
            var expected = call.Run(session);
            foreach (var (order, kind, seed, checkRaces) in Others)
            {
                Emulator.SetSchedule(kind, seed);
                Emulator.CheckRaces(checkRaces);
                AssertSameBits(order, call.Run(session), expected);
            }
        }
        finally
        {
            Emulator.SetSchedule(Emulator.Ascending, 0);
            Emulator.CheckRaces(false);
            Emulator.ResetFault();
        }
    }

    private static void AssertSameBits(
        string order, IReadOnlyList<(string Name, double[] Values)> actual, IReadOnlyList<(string Name, double[] Values)> expected)
    {
        foreach (var ((name, values), (_, others)) in actual.Zip(expected))
        {
            int different = Enumerable.Range(0, others.Length)
                .FirstOrDefault(i => BitConverter.DoubleToInt64Bits(values[i]) != BitConverter.DoubleToInt64Bits(others[i]), -1);
            Assert.That(different, Is.EqualTo(-1), () =>
                $"{order}: {name}[{different}] is {values[different]:G9}, in ascending order {others[different]:G9}");
        }
    }
}
