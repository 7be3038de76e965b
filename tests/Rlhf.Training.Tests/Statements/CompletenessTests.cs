namespace Rlhf.Training.Tests.Statements;

internal sealed class CompletenessTests
{
    [Test]
    public void EveryStatement_From1To40_HasATest()
    {
        IEnumerable<int> tested = typeof(CompletenessTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .Where(method => method.Name.StartsWith("Statement", StringComparison.Ordinal) && char.IsDigit(method.Name["Statement".Length]))
            .Select(method => int.Parse(method.Name.AsSpan("Statement".Length, 2)))
            .Distinct();
        Assert.That(tested, Is.EquivalentTo(Enumerable.Range(1, 40)));
    }
}
