using FanOut.Chaos.Load;
using FanOut.Chaos.Verifying;

namespace FanOut.Chaos.Tests.Verifying;

/// <summary>Some orders with exact effects, for a test to change.</summary>
internal sealed class Books
{
    private static readonly string[] Groups = [Verifier.WebhookGroup, Verifier.AnalyticsGroup, Verifier.NotificationGroup];
    private readonly List<AcceptedOrder> _accepted = [];

    public Books(int orders)
    {
        for (var number = 0; number < orders; number++)
        {
            _accepted.Add(new AcceptedOrder($"key-{number}", Guid.CreateVersion7(), 10m + number));
        }

        Orders = [.. _accepted.Select(order => new RecordedOrder(order.Id, order.Key, order.Total))];
        Outbox = [.. _accepted.Select(order => new Effect(Guid.CreateVersion7(), order.Id.ToString()))];
        OnStream = [.. Outbox.Select(published => published.Event)];
        Received = [.. OnStream];
        Revenue = (orders, _accepted.Sum(order => order.Total));
        Effects = Groups.ToDictionary(group => group, _ => Outbox.ToList());
        Deliveries = [.. Outbox];
    }

    public List<AcceptedOrder> Accepted => _accepted;

    public List<string> Unanswered { get; } = [];

    public Dictionary<string, string> Refused { get; } = [];

    public HashSet<(string Group, string Key)> MustFail { get; } = [];

    public List<string> Poison { get; } = [];

    public bool PostgresLostData { get; set; }

    public bool RedisLostData { get; set; }

    public List<RecordedOrder> Orders { get; }

    public List<Effect> Outbox { get; }

    public List<Guid> OnStream { get; }

    public HashSet<Guid> Received { get; }

    public (long Orders, decimal Revenue) Revenue { get; set; }

    public Dictionary<string, List<Effect>> Effects { get; }

    public List<Effect> Deliveries { get; }

    public Dictionary<string, List<RecordedDeadLetter>> DeadLetters { get; } =
        Groups.ToDictionary(group => group, _ => new List<RecordedDeadLetter>());

    public Dictionary<string, List<long>> LettersOnStream { get; } = Groups.ToDictionary(group => group, _ => new List<long>());

    public Dictionary<string, List<string>> Pending { get; } = Groups.ToDictionary(group => group, _ => new List<string>());

    public Dictionary<string, List<string>> Retries { get; } = Groups.ToDictionary(group => group, _ => new List<string>());

    public List<string> Unsent { get; } = [];

    public Verdict Judge() => Verifier.Judge(
        new Expectation
        {
            Accepted = Accepted,
            Unanswered = Unanswered,
            Refused = Refused,
            MustFail = MustFail,
            Poison = Poison,
            RedisLostData = RedisLostData,
            PostgresLostData = PostgresLostData,
        },
        new Observation
        {
            Orders = Orders,
            Outbox = Outbox,
            OnStream = OnStream,
            Revenue = Revenue,
            WebhooksReceived = Received,
            Unsent = Unsent,
            Groups =
            [
                .. Groups.Select(group => new GroupObservation
                {
                    Name = group,
                    Effects = Effects[group],
                    FurtherEffects = group == Verifier.WebhookGroup
                        ? new Dictionary<string, IReadOnlyList<Effect>> { ["deliveries"] = Deliveries }
                        : new Dictionary<string, IReadOnlyList<Effect>>(),
                    DeadLetters = DeadLetters[group],
                    LettersOnStream = LettersOnStream[group],
                    Pending = Pending[group],
                    Retries = Retries[group],
                }),
            ],
        });
}
