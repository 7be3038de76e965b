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

    private EmulatedSession _session = null!;

    public static IEnumerable<TestCaseData> Calls => EmulatedCalls.All.Select(call => new TestCaseData(call.Name));

    [OneTimeSetUp]
    public void Open() => _session = new EmulatedSession();

    [OneTimeTearDown]
    public void Close() => _session?.Dispose();

    [TearDown]
    public void Restore()
    {
        Emulator.SetSchedule(Emulator.Ascending, 0);
        Emulator.CheckRaces(false);
        Emulator.ResetFault();
    }

    [TestCaseSource(nameof(Calls))]
    public void Call_GivesTheSameBits_InAnyOrder(string name)
    {
        EmulatedCall call = EmulatedCalls.All.Single(call => call.Name == name);
        Emulator.SetSchedule(Emulator.Ascending, 0);
        var expected = call.Run(_session);
        foreach (var (order, kind, seed, checkRaces) in Others)
        {
            Emulator.SetSchedule(kind, seed);
            Emulator.CheckRaces(checkRaces);
            foreach (var ((result, actual), (_, values)) in call.Run(_session).Zip(expected))
            {
                int different = Enumerable.Range(0, values.Length)
                    .FirstOrDefault(i => BitConverter.DoubleToInt64Bits(actual[i]) != BitConverter.DoubleToInt64Bits(values[i]), -1);
                Assert.That(different, Is.EqualTo(-1), () =>
                    $"{order}: {result}[{different}] is {actual[different]:G9}, in ascending order {values[different]:G9}");
            }
        }
    }
}
