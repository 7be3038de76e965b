using System.Reflection;
using Rlhf.Kernels.Memory;

namespace Rlhf.Kernels.Conformance;

/// <summary>What holds for every kernel: determinism, no allocation, errors that name the argument.</summary>
public sealed class EveryKernelTests
{
    /// <summary>All calls.</summary>
    public static IReadOnlyList<KernelCall> Calls => KernelCalls.All;

    /// <summary>Each argument of each kernel that is a view, but the one that the other shapes follow from.</summary>
    public static IEnumerable<TestCaseData> Views =>
        from call in KernelCalls.All.DistinctBy(call => call.Method)
        let views = call.Args.GetType().GetProperties().Where(property => IsView(property.PropertyType)).ToArray()
        from view in IsView(call.Args.GetType().GetProperties()[0].PropertyType) ? views.Skip(1) : views
        where view.Name is not ("Workspace" or "GroupOffsets")
        select new TestCaseData(call.Args, view).SetArgDisplayNames(call.Method, view.Name);

    [Test]
    public void EveryMethod_HasACall() =>
        Assert.That(
            KernelCalls.All.Select(call => call.Method).Distinct(),
            Is.EquivalentTo(typeof(IKernels).GetMethods().Where(method => !method.IsSpecialName).Select(method => method.Name)));

    [TestCaseSource(nameof(Calls))]
    public void Call_HasTheSameBits_ForAnyNumberOfThreads(KernelCall call)
    {
        using var one = new CpuKernels(threads: 1);
        byte[] expected = call.Result(one);
        if (call.Method.StartsWith("Linear", StringComparison.Ordinal))
        {
            // A BLAS may split its sums by threads: the same number gives the same bits.
            Assert.That(call.Result(one), Is.EqualTo(expected));
            return;
        }

        foreach (int threads in new[] { 2, 3 })
        {
            using var team = new CpuKernels(threads);
            Assert.That(call.Result(team), Is.EqualTo(expected), $"{threads} threads");
            Assert.That(call.Result(team), Is.EqualTo(expected), $"{threads} threads, again");
        }
    }

    [TestCaseSource(nameof(Calls))]
    public void Call_AllocatesNothing(KernelCall call)
    {
        using var kernels = new CpuKernels(threads: 2);
        call.Result(kernels);
        call.Result(kernels);

        // The process's count sees the workers as well; another thread of the test host may allocate now and then.
        long own = 0, all = long.MaxValue;
        for (int attempt = 0; attempt < 20 && all != 0; attempt++)
        {
            long ownBefore = GC.GetAllocatedBytesForCurrentThread(), before = GC.GetTotalAllocatedBytes(precise: true);
            call.Run(kernels);
            call.Run(kernels);
            all = GC.GetTotalAllocatedBytes(precise: true) - before;
            own = GC.GetAllocatedBytesForCurrentThread() - ownBefore;
        }

        Assert.That((own, all), Is.EqualTo((0L, 0L)), "bytes of the calling thread and of the process");
    }

    [TestCaseSource(nameof(Views))]
    public void WrongShape_IsNamedWithBothShapes(object args, PropertyInfo view)
    {
        Type viewType = view.PropertyType;
        object wrong = typeof(EveryKernelTests).GetMethod(nameof(WrongView), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(viewType.GetGenericArguments()).Invoke(null, [viewType.GetGenericTypeDefinition() == typeof(View<>)])!;
        object copy = System.Runtime.CompilerServices.RuntimeHelpers.GetObjectValue(args);
        view.SetValue(copy, wrong);
        var failure = Assert.Throws<TargetInvocationException>(() => copy.GetType().GetMethod("Validate")!.Invoke(copy, []));
        Assert.That(failure!.InnerException, Is.InstanceOf<ArgumentException>());
        Assert.That(failure.InnerException!.Message, Does.Match($@"^{view.Name} is \[999, 3\].*, expected .*\[").Or.EqualTo($"{view.Name} is [999, 3], expected contiguous memory"));
    }

    private static bool IsView(Type type) =>
        type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(View<>) || type.GetGenericTypeDefinition() == typeof(ReadOnlyView<>));

    // An address that is not null: a shape is refused before anything is read.
    private static unsafe object WrongView<T>(bool writable)
        where T : unmanaged => writable
        ? (object)new View<T>((T*)64, 999, 3, 3)
        : new ReadOnlyView<T>((T*)64, 999, 3, 3);
}
